/** The part of Cephes that is used; the package's own declarations are not found through its `exports`. */
declare module "cephes" {
  interface Cephes {
    /** Settles when the functions can be called. */
    readonly compiled: Promise<void>;
    /** The quantile of Student's t at probability p, with k degrees of freedom. */
    stdtri(k: number, p: number): number;
    /** The probability that F with `a` and `b` degrees of freedom exceeds x. */
    fdtrc(a: number, b: number, x: number): number;
    /** The error function. */
    erf(x: number): number;
    /** The complementary error function. */
    erfc(x: number): number;
  }
  const cephes: Cephes;
  export default cephes;
}

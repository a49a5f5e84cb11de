/** The little linear algebra of fits: a few columns, row by row in one typed array. */

/** `rows` by `columns` numbers, row after row. */
export interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The lower triangle L with L·Lᵀ = Mᵀ·M, without forming that product, whose condition is the square of M's.
 *
 * @returns [columns, columns]
 */
export function triangleOf(matrix: Matrix): Float64Array {
  const { triangle } = orthogonalise(matrix);
  const { columns } = matrix;
  return triangle.map((_, at) => triangle[(at % columns) * columns + Math.floor(at / columns)] ?? 0);
}

/** Columns of length 1 at right angles, and the upper triangle with basis · triangle = matrix, by modified Gram-Schmidt. */
function orthogonalise({ values, rows, columns }: Matrix): { basis: Float64Array; triangle: Float64Array } {
  const basis = Float64Array.from(values);
  const triangle = new Float64Array(columns * columns);
  for (let column = 0; column < columns; column++) {
    let square = 0;
    for (let row = 0; row < rows; row++) square += (basis[row * columns + column] ?? 0) ** 2;
    const length = Math.sqrt(square);
    triangle[column * columns + column] = length;
    if (length === 0) continue;
    for (let row = 0; row < rows; row++) basis[row * columns + column] = (basis[row * columns + column] ?? 0) / length;
    for (let later = column + 1; later < columns; later++) {
      let along = 0;
      for (let row = 0; row < rows; row++) along += (basis[row * columns + column] ?? 0) * (basis[row * columns + later] ?? 0);
      triangle[column * columns + later] = along;
      for (let row = 0; row < rows; row++) basis[row * columns + later] = (basis[row * columns + later] ?? 0) - along * (basis[row * columns + column] ?? 0);
    }
  }
  return { basis, triangle };
}

/** The inverse of a lower triangle, transposed: the matrix W with W·Wᵀ = (L·Lᵀ)⁻¹. */
export function inverseTransposed(lower: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) sum -= (lower[row * size + k] ?? 0) * (result[column * size + k] ?? 0);
      result[column * size + row] = sum / (lower[row * size + row] ?? 1);
    }
  }
  return result;
}

/**
 * The linear least-squares solution.
 *
 * @returns a coefficient a column, and the sum of squared residuals
 */
export function leastSquares(matrix: Matrix, target: Float64Array): { coefficients: Float64Array; squares: number } {
  const { rows, columns } = matrix;
  const { basis, triangle } = orthogonalise(matrix);
  const rest = Float64Array.from(target);
  const coefficients = new Float64Array(columns);
  for (let column = 0; column < columns; column++) {
    let along = 0;
    for (let row = 0; row < rows; row++) along += (basis[row * columns + column] ?? 0) * (rest[row] ?? 0);
    coefficients[column] = along;
    for (let row = 0; row < rows; row++) rest[row] = (rest[row] ?? 0) - along * (basis[row * columns + column] ?? 0);
  }
  for (let column = columns - 1; column >= 0; column--) {
    let sum = coefficients[column] ?? 0;
    for (let later = column + 1; later < columns; later++) sum -= (triangle[column * columns + later] ?? 0) * (coefficients[later] ?? 0);
    const diagonal = triangle[column * columns + column] ?? 0;
    coefficients[column] = diagonal === 0 ? 0 : sum / diagonal;
  }
  return { coefficients, squares: rest.reduce((sum, value) => sum + value * value, 0) };
}

/** A singular value with its right singular vector. */
export interface Singular {
  readonly value: number;
  readonly vector: Float64Array;
}

/** Singular values, largest first, with their right vectors, by one-sided Jacobi rotations, which find small ones accurately. */
export function singularValues({ values, rows, columns }: Matrix): Singular[] {
  const left = Array.from({ length: columns }, (_, column) => Float64Array.from({ length: rows }, (_, row) => values[row * columns + column] ?? 0));
  const right = Array.from({ length: columns }, (_, column) => Float64Array.from({ length: columns }, (_, row) => (row === column ? 1 : 0)));
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (const [p, q] of pairs(columns)) {
      const [a, b, v, w] = [left[p], left[q], right[p], right[q]];
      if (a === undefined || b === undefined || v === undefined || w === undefined) continue;
      const [alpha, beta, gamma] = [product(a, a), product(b, b), product(a, b)];
      if (gamma === 0 || Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) continue;
      rotated = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const cosine = 1 / Math.sqrt(1 + tangent * tangent);
      rotate(a, b, cosine, cosine * tangent);
      rotate(v, w, cosine, cosine * tangent);
    }
  }
  return left.map((column, at) => ({ value: Math.sqrt(product(column, column)), vector: right[at] ?? new Float64Array(columns) })).sort((a, b) => b.value - a.value);
}

function pairs(count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, p) => Array.from({ length: count - p - 1 }, (_, k) => [p, p + k + 1] as const)).flat();
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

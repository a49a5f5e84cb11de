export { ScalingError } from "./scaling-error.ts";

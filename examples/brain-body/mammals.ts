// Brains against bodies of mammals, and where humans stand beside a line that is drawn without them:
// node --import jiti/register examples/brain-body/mammals.ts [TABLE] [PAGE]
import { compareSlopes, readTable, slopePoints, slopesChart, writePage } from "decade";

const [path = "../shared/data/brain-body/MASS_mammals.csv", page] = process.argv.slice(2);
const { points } = slopePoints(await readTable(path), { x: "body", y: "brain" });
const analysis = await compareSlopes(points, { without: ["Human"] });
const { groups: [line], residuals } = analysis.comparison;
const human = residuals.find(({ name }) => name === "Human");
if (line === undefined || human === undefined) throw new Error(`There is no row named "Human" in ${path}.`);

console.log(`Brains of ${line.n} mammals grow as the ${line.slope.toFixed(3)} ± ${line.standardError.toFixed(3)}th power of their bodies.`);
console.log(`A human's of ${human.y} g is ${(human.y / human.predicted).toFixed(1)} times the ${human.predicted.toFixed(0)} g that the line gives, ${human.standardized.toFixed(1)} standard deviations above it.`);

if (page !== undefined) {
  await writePage(page, {
    title: "Brains of mammals",
    sections: [{
      heading: "Brain against body",
      chart: { draw: (theme) => slopesChart(analysis, { theme, x: { title: "body", unit: "kg" }, y: { title: "brain", unit: "g" } }), caption: "The line and its 95% band are drawn without humans." },
    }],
  });
}

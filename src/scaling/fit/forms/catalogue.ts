import { lawNamed } from "../../laws/catalogue.ts";
import { parseVariable } from "../../laws/power.ts";
import { brokenPowerForm } from "./broken-power-form.ts";
import { chinchillaForm } from "./chinchilla-form.ts";
import { dataConstrainedForm } from "./data-constrained-form.ts";
import type { LawForm } from "./form.ts";
import { kaplanForm } from "./kaplan-form.ts";
import { powerForm } from "./power-form.ts";

/**
 * The form in which a law is fitted.
 *
 * @param name as in {@link lawNamed}
 * @throws ScalingError when there is no law of that name
 */
export function formNamed(name: string): LawForm {
  const fixed = [chinchillaForm, dataConstrainedForm, kaplanForm].find((form) => form.law.name === name);
  if (fixed !== undefined) return fixed;
  const [, variable = "", breaks] = lawNamed(name).name.split("-");
  return breaks === undefined ? powerForm(parseVariable(variable)) : brokenPowerForm(parseVariable(variable), Number(breaks));
}

import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

/** Rooms of src/ in the order in which data flows: a room imports only from itself and from those before it. */
const ROOMS = [["graph"], ["engines"], ["nn"], ["models", "optim"], ["text", "data", "plot"], ["metrics", "decode"], ["exchange"], ["train"], ["parallel"], ["scaling"], ["think"], ["phrase"], ["audit"], ["cli"]];

const directionOfImports = ROOMS.flatMap((rooms, level) => rooms.map((room) => {
  const later = ROOMS.slice(level).flat().filter((other) => other !== room && !rooms.includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      "no-restricted-imports": ["error", {
        patterns: later.length === 0 ? [] : [{
          regex: `^(\\.\\./)+(${later.join("|")})/`,
          message: `The room ${room} comes before it.`,
        }],
      }],
    },
  };
}));

export default tseslint.config(
  { ignores: ["**/dist/", "runs/", "node_modules/", "eslint.config.js"] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  ...directionOfImports,
);

import { existsSync } from "node:fs";

/** Where Chromium and Chrome are installed on Linux, macOS and Windows. */
const PLACES = [
  "/usr/bin/chromium", "/usr/bin/chromium-browser", "/snap/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable",
  "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/** The path of a browser: CHROMIUM_PATH or a usual place. @throws Error where CHROMIUM_PATH names no file */
export function findChromium(): string | undefined {
  const given = process.env["CHROMIUM_PATH"];
  if (given !== undefined && !existsSync(given)) throw new Error(`CHROMIUM_PATH is ${given}, where there is no file; give the path of Chromium or Chrome.`);
  return given ?? PLACES.find(existsSync);
}

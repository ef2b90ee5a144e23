// Another Python: text goes in at standard input, a function's answer comes out, and no network.
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const [home, module, ...mounts] = process.argv.slice(2);
globalThis.fetch = () => {
  throw new Error("this Python has all it needs in its package");
};
const { loadPyodide } = await import(pathToFileURL(join(home, "pyodide.mjs")).href);
// What it compiles would be written beside the installed package, for a Python that isn't its own.
const python = await loadPyodide({ indexURL: home, env: { PYTHONDONTWRITEBYTECODE: "1" } });
for (const mount of mounts) {
  const [name, folder] = mount.split("=", 2);
  python.mountNodeFS(`/brought/${name}`, folder);
}
python.globals.set("asked", await text(process.stdin));
const answer = python.runPython(`
import sys
sys.path += ["/brought", "/brought/tests"]
import ${module}
${module}.answer(asked)
`);
process.stdout.write(answer);

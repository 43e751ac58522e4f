// Rebuilds web/assets/code_editor.js and the licences beside it from the packages that package-lock.json pins:
//   cd web/editor && npm ci --ignore-scripts && npm run build
// Only whoever changes the editor needs Node; building the console does not.
import {build} from "esbuild";
import {existsSync, readFileSync, writeFileSync} from "node:fs";

// Under the console's content security policy a style element is refused, a constructed style sheet is not.
const CONDITION = "if (!root.head && root.adoptedStyleSheets";
const constructedStyles = {
  name: "constructed-styles",
  setup(build) {
    build.onLoad({filter: /style-mod[\\/]src[\\/]style-mod\.js$/}, ({path}) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes(CONDITION)) throw new Error(`${path} no longer says: ${CONDITION}`);
      return {contents: source.replace(CONDITION, "if (root.adoptedStyleSheets"), loader: "js"};
    });
  },
};

const options = {
  entryPoints: ["editor.js"], outfile: "../assets/code_editor.js", bundle: true, minify: true, format: "esm",
  target: "es2022", legalComments: "none", metafile: true, plugins: [constructedStyles],
};
const result = await build({...options, write: false});

const packages = new Set();
for (const path of Object.keys(result.metafile.inputs)) {
  const found = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
const notices = [...packages].sort().map(name => {
  const folder = `node_modules/${name}`;
  const {version, license} = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENCE"].map(each => `${folder}/${each}`).find(existsSync);
  if (!file) throw new Error(`${name} comes without its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(file, "utf8").trim()}\n`;
});
// Who gets the script gets its terms: once, with everybody they come from.
const holders = [...new Set(notices.flatMap(notice => notice.match(/^Copyright .*$/gm)))];
const terms = notices[0].slice(notices[0].indexOf("Permission is hereby granted"));
if (notices.some(notice => !notice.includes("(MIT)"))) throw new Error("a package is not under the MIT licence");
await build({...options, banner: {js: `/*! ${[...packages].sort().join(", ")}\n\n${holders.join("\n")}\n\n${terms}*/`}});
writeFileSync("../assets/code_editor.LICENSES.txt", notices.join(`\n${"-".repeat(80)}\n\n`));

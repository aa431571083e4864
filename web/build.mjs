// Bundles the dashboard: node build.mjs --out DIR [--watch]. Names carry a hash of the content, every
// text file gets a .gz beside it, and a first load over its budget is an error.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { context } from "esbuild";

const JS_GZIP_BUDGET = 40 * 1024;
const CSS_GZIP_BUDGET = 10 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const out = process.argv.includes("--out") ? argument("--out") : join(here, "dist");

async function write(name, bytes) {
  const path = join(out, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const packed = gzipSync(bytes, { level: 9 });
  await writeFile(`${path}.gz`, packed);
  return packed.length;
}

/** The script that the first page needs: the entry and what it imports at once, not the pages fetched later. */
function firstLoad(outputs, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const { path, kind } of outputs[name].imports) if (kind === "import-statement") firstLoad(outputs, path, seen);
  return seen;
}

async function publish(files, { outputs }) {
  await rm(out, { recursive: true, force: true });
  const sizes = { ".js": 0, ".css": 0, later: 0 };
  const names = {};
  const entry = Object.keys(outputs).find((name) => outputs[name].entryPoint?.endsWith("src/main.tsx"));
  const first = new Set([...firstLoad(outputs, entry)].map((name) => basename(name)));
  for (const file of files) {
    const kind = file.path.endsWith(".css") ? ".css" : ".js";
    const name = file.path.slice(file.path.lastIndexOf("assets/"));
    sizes[kind === ".js" && !first.has(basename(name)) ? "later" : kind] += await write(name, file.contents);
    if (/\/app-[^/]*$/.test(name)) names[kind] = `/${name}`;
  }
  const icon = await readFile(join(here, "src/icon.svg"));
  const iconName = `assets/icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
  await write(iconName, icon);
  const page = (await readFile(join(here, "src/index.html"), "utf8"))
    .replace("{{script}}", names[".js"])
    .replace("{{style}}", names[".css"])
    .replace("{{icon}}", `/${iconName}`);
  await write("index.html", page);
  console.log(`dashboard: ${sizes[".js"]} bytes of script (${sizes.later} more for later pages) and ${sizes[".css"]} of style, gzipped`);
  if (sizes[".js"] > JS_GZIP_BUDGET || sizes[".css"] > CSS_GZIP_BUDGET)
    throw new Error(`over the budget of ${JS_GZIP_BUDGET} bytes of script, ${CSS_GZIP_BUDGET} of style`);
}

const bundler = await context({
  entryPoints: { app: join(here, "src/main.tsx") },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  write: false,
  logLevel: "warning",
  plugins: [
    {
      name: "publish",
      setup(build) {
        build.onEnd(async (result) => {
          if (result.errors.length === 0) await publish(result.outputFiles, result.metafile);
        });
      },
    },
  ],
});
if (process.argv.includes("--watch")) {
  await bundler.watch();
} else {
  try {
    await bundler.rebuild();
  } finally {
    await bundler.dispose();
  }
}

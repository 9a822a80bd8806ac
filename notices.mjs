// Writes the notices of third parties that a package of the extension carries: what is bundled, and what is shipped
// beside the bundles.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const root = import.meta.dirname;

const INTRODUCTION = `Third-party notices of Lipschitz Lens

This package contains the software below, under the licences that follow it. The native libraries beside
onnxruntime-node are those of Microsoft's npm package, unchanged; what they contain in turn is listed in
https://github.com/microsoft/onnxruntime/blob/main/ThirdPartyNotices.txt, and for Windows in the licences of DirectML
and of the DirectX Shader Compiler, https://github.com/microsoft/DirectML and
https://github.com/microsoft/DirectXShaderCompiler.
`;

/** Published under the MIT licence without its text, which their repositories hold. */
const MICROSOFT_MIT = new Set([
  '@microsoft/fast-element',
  '@microsoft/fast-foundation',
  '@microsoft/fast-web-utilities',
  '@vscode/l10n',
  'onnxruntime-common',
  'onnxruntime-node',
]);

const MIT = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const RULE = '-'.repeat(80);

/**
 * The text of the notices.
 * @param {import('esbuild').Metafile[]} metafiles of the bundles that are shipped
 * @param {string[]} shipped names of the packages that are shipped as they are
 * @throws where a package has no text of its licence
 */
export async function thirdPartyNotices(metafiles, shipped) {
  const folders = new Set([...bundledPackages(metafiles), ...shipped.map((name) => `node_modules/${name}`)]);
  const packages = await Promise.all([...folders].map(readPackage));
  packages.sort((a, b) => (a.title < b.title ? -1 : 1));
  // Families of packages share one text.
  const titlesOf = new Map();
  for (const { title, text } of packages) titlesOf.set(text, [...(titlesOf.get(text) ?? []), title]);
  const sections = [...titlesOf].map(
    ([text, titles]) => `${RULE}\n${titles.join('\n')}\n${RULE}\n\n${text}\n`,
  );
  return [INTRODUCTION, ...sections].join('\n');
}

/** Folders of the packages of which at least one byte is in a bundle. */
function bundledPackages(metafiles) {
  return metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
    .filter((folder) => folder !== undefined);
}

async function readPackage(folder) {
  const path = join(root, folder);
  const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
  const files = (await readdir(path)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(path, file), 'utf8')));
  if (texts.length === 0 && MICROSOFT_MIT.has(name)) texts.push(MIT('Microsoft Corporation'));
  if (texts.length === 0) throw new Error(`the package ${name} has no text of its licence (${license})`);
  const text = texts.map((each) => each.replaceAll('\r\n', '\n').trim()).join('\n\n');
  return { title: `${name} ${version} (${license})`, text };
}

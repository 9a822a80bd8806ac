/** `package.json`, `package.nls.json` and the code name the same commands, settings, views and texts, both ways. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { listFiles, PackageManager } from '@vscode/vsce';
import Ajv from 'ajv';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { COMMANDS, CONTEXT_KEYS, SECTION, VIEW_TYPES } from '../../src/editor/ids';
import { editorSources, nodesOf, placeOf } from './editor-sources';
import { root } from './product';

interface Setting {
  readonly type: string | string[];
  readonly default: unknown;
  readonly enum?: readonly string[];
  readonly markdownEnumDescriptions?: readonly string[];
  readonly markdownDescription: string;
  readonly scope: string;
}

interface Step {
  readonly id: string;
  readonly description: string;
  readonly media: { readonly svg: string; readonly altText: string };
  readonly completionEvents: readonly string[];
}

interface Manifest {
  readonly version: string;
  readonly main: string;
  readonly icon: string;
  readonly l10n: string;
  readonly categories: readonly string[];
  readonly keywords: readonly string[];
  readonly activationEvents: readonly string[];
  readonly extensionKind: readonly string[];
  readonly engines: { readonly vscode: string };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
    }[];
    readonly menus: Readonly<
      Record<string, readonly { readonly command: string; readonly when: string; readonly group?: string }[]>
    >;
    readonly customEditors: readonly { readonly viewType: string; readonly priority: string }[];
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly configuration: readonly {
      readonly title: string;
      readonly properties: Readonly<Record<string, Setting>>;
    }[];
    readonly walkthroughs: readonly { readonly id: string; readonly steps: readonly Step[] }[];
    readonly keybindings?: unknown;
  };
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(join(root, path), 'utf8')) as T;
}

const manifest = await json<Manifest>('package.json');
const texts = await json<Record<string, string>>('package.nls.json');
const sources = await editorSources();
const { contributes } = manifest;
const settings = Object.assign(
  {},
  ...contributes.configuration.map(({ properties }) => properties),
) as Record<string, Setting>;
const commands = contributes.commands.map(({ command }) => command);
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
const entries = Object.entries(contributes.menus).flatMap(([menu, items]) =>
  items.map((item) => ({ menu, ...item })),
);

/** A text of the manifest in English. */
function resolve(text: string): string {
  return /^%.*%$/.test(text) ? texts[text.slice(1, -1)] : text;
}

/** The parts of a text that match a pattern. */
function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[0]);
}

/** The nodes of the editor's sources that are not in `ids.ts`. */
function nodes(): ts.Node[] {
  return sources
    .filter(({ fileName }) => !fileName.endsWith('/ids.ts'))
    .flatMap((file) => [...nodesOf(file)]);
}

/** `name` of every `object.name` in the sources. */
function uses(object: string): Set<string> {
  return new Set(
    nodes()
      .filter(ts.isPropertyAccessExpression)
      .filter(({ expression }) => expression.getText() === object)
      .map(({ name }) => name.text),
  );
}

/** The properties of `SettingTypes` as JSON schemas have them: types, and the values of a union of strings. */
function settingTypes(): { name: string; types: string[]; values: string[] }[] {
  const path = join(root, 'src/editor/ids.ts');
  const program = ts.createProgram([path], { strict: true, noEmit: true, types: [] });
  const checker = program.getTypeChecker();
  const declaration = program
    .getSourceFile(path)
    ?.statements.find(
      (statement): statement is ts.InterfaceDeclaration =>
        ts.isInterfaceDeclaration(statement) && statement.name.text === 'SettingTypes',
    );
  if (!declaration) throw new Error('src/editor/ids.ts has no interface SettingTypes');
  return checker.getPropertiesOfType(checker.getTypeAtLocation(declaration)).map((property) => {
    const type = checker.getTypeOfSymbolAtLocation(property, declaration);
    const parts = type.isUnion() ? type.types : [type];
    return {
      name: `${SECTION}.${property.name}`,
      types: [...new Set(parts.map((part) => checker.typeToString(checker.getBaseTypeOfLiteralType(part))))],
      values: parts.filter((part) => part.isStringLiteral()).map(({ value }) => value),
    };
  });
}

describe('commands', () => {
  it('are those of the code', () => {
    expect([...commands].sort()).toEqual(Object.values<string>(COMMANDS).sort());
    expect([...uses('COMMANDS')].sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  it('have a title in title case and the category of the product', () => {
    const small = new Set(['a', 'the', 'as', 'with', 'of', 'in', 'to', 'and', 'for']);
    for (const { title, category } of contributes.commands) {
      const words = resolve(title).split(' ');
      expect(words.filter((word, index) => index === 0 || !small.has(word))).toEqual(
        words
          .filter((word, index) => index === 0 || !small.has(word))
          .map((word) => word[0].toUpperCase() + word.slice(1)),
      );
      expect(resolve(category)).toBe('Lipschitz');
    }
    const titles = contributes.commands.map(({ title }) => resolve(title));
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('have no keys', () => {
    expect(contributes.keybindings).toBeUndefined();
  });
});

describe('menus', () => {
  it('name commands that exist', () => {
    for (const { command } of entries) expect(commands).toContain(command);
  });

  it('show commands that need a row, or a folder, in menus alone', () => {
    const inRows = contributes.menus['webview/context'].map(({ command }) => command);
    const hidden = contributes.menus.commandPalette.filter(({ when }) => when === 'false');
    expect(hidden.map(({ command }) => command).sort()).toEqual(
      // The second is about a folder.
      [COMMANDS.openLayer, COMMANDS.compareCheckpoints, ...inRows].sort(),
    );
  });

  it('have conditions on context keys and views that exist', () => {
    const known = new Set([
      ...['explorerResourceIsFolder', 'resourceScheme', 'resourceFilename', 'resourcePath'],
      // VS Code's own: more than one row of a list is selected.
      'listMultiSelection',
      ...['activeWebviewPanelId', 'activeCustomEditorId', 'webviewId'],
      // Of a row, `RowContext`.
      'webviewSection',
      ...['in', 'false'],
      ...Object.values<string>(CONTEXT_KEYS),
      ...Object.values<string>(VIEW_TYPES),
    ]);
    const names = entries.flatMap(({ when }) => {
      const bare = when.replaceAll(/'[^']*'/g, '').replaceAll(/\/(?:\\.|[^/])+\/i?/g, '');
      return all(bare, /[A-Za-z_][\w.]*/g);
    });
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    for (const key of Object.values<string>(CONTEXT_KEYS)) expect(names).toContain(key);
    expect([...uses('CONTEXT_KEYS')].sort()).toEqual(Object.keys(CONTEXT_KEYS).sort());
  });

  it('offer the analysis for every kind of model file, and for nothing else', () => {
    const pattern = /resourceFilename =~ \/(.+)\/i/;
    const filters = entries.flatMap(({ when }) => pattern.exec(when)?.[1] ?? []);
    expect(filters.length).toBeGreaterThan(1);
    for (const filter of filters) {
      const matches = new RegExp(filter, 'i');
      const yes = ['a.onnx', 'A.ONNX', 'a.b.safetensors', 'model.safetensors.index.json'];
      const no = ['onnx', 'a.onnx.txt', 'index.json', 'a.safetensors.json', 'a.lipschitz.json'];
      expect([...yes, ...no].filter((name) => matches.test(name))).toEqual(yes);
    }
  });
});

describe('settings', () => {
  const types = settingTypes();

  it('are those of the code', () => {
    expect(Object.keys(settings).sort()).toEqual(types.map(({ name }) => name).sort());
    const read = nodes()
      .filter(ts.isCallExpression)
      .filter(({ expression }) => /(^|\.)readSetting$/.test(expression.getText()))
      .map((call) => call.arguments[0])
      .filter(ts.isStringLiteralLike)
      .map(({ text }) => `${SECTION}.${text}`);
    expect([...new Set(read)].sort()).toEqual(Object.keys(settings).sort());
  });

  it.each(types)('have the type of the code: $name', ({ name, types, values }) => {
    const setting = settings[name];
    const declared = [setting.type].flat().map((type) => (type === 'integer' ? 'number' : type));
    expect(declared.sort()).toEqual([...types].sort());
    expect([...(setting.enum ?? [])].sort()).toEqual([...values].sort());
    expect(setting.markdownEnumDescriptions?.length).toBe(setting.enum?.length);
    expect(setting.markdownDescription).toMatch(/^%setting\./);
  });

  it.each(Object.entries(settings))('have a default that they allow: %s', (_, setting) => {
    const validate = new Ajv({ strict: false }).compile(setting);
    expect(setting.default).toBeDefined();
    expect([validate(setting.default), validate.errors]).toEqual([true, null]);
  });

  it('that an untrusted workspace may not set exist', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    for (const name of restrictedConfigurations) expect(settings).toHaveProperty([name]);
  });
});

describe('names', () => {
  it('are spelled out in ids.ts alone', () => {
    const strays = nodes()
      .filter((node) => ts.isStringLiteralLike(node) || ts.isTemplateHead(node))
      .filter(({ text }) => text.includes(SECTION))
      .map(placeOf);
    expect(strays).toEqual([]);
  });

  it('of views are those of the code', () => {
    expect(contributes.customEditors.map(({ viewType }) => viewType)).toEqual([VIEW_TYPES.editor]);
    expect([...uses('VIEW_TYPES')].sort()).toEqual(Object.keys(VIEW_TYPES).sort());
    expect(contributes.customEditors.map(({ priority }) => priority)).toEqual(['option']);
  });
});

describe('texts', () => {
  it('are in package.nls.json, and every one there is used', () => {
    const used = all(JSON.stringify(manifest), /"%([^"%]+)%"/g);
    expect([...new Set(used)].sort()).toEqual(Object.keys(texts).sort());
  });

  it('of the manifest are all there', () => {
    const plain = JSON.stringify(contributes, (key, value: unknown) =>
      /^(title|category|displayName|description|markdownDescription|altText|patternErrorMessage)$/.test(
        key,
      ) &&
      typeof value === 'string' &&
      !/^%.+%$/.test(value)
        ? `untranslated ${value}`
        : value,
    );
    expect(all(plain, /untranslated[^"]*/g)).toEqual([]);
  });

  it('name settings and commands that exist', () => {
    for (const text of Object.values(texts)) {
      for (const name of all(text, /#([\w.]+)#/g)) expect(settings).toHaveProperty([name]);
      for (const name of all(text, /\(command:(lipschitz[\w.]+)/g)) expect(commands).toContain(name);
      for (const query of all(text, /openSettings\?([^)]+)\)/g)) {
        const [prefix] = JSON.parse(decodeURIComponent(query)) as [string];
        expect(Object.keys(settings).filter((name) => name.startsWith(prefix))).not.toEqual([]);
      }
    }
  });
});

describe('the walkthrough', () => {
  it('has four steps with names of their own, and a picture for each', () => {
    expect(new Set(steps.map(({ id }) => id)).size).toBe(4);
    for (const { media } of steps) expect(existsSync(join(root, media.svg))).toBe(true);
  });

  it('has pictures in the colours of the theme, with colours for where there is none', async () => {
    for (const { media } of steps) {
      const picture = await readFile(join(root, media.svg), 'utf8');
      const colours = all(picture, /\b(?:fill|stroke)="([^"]+)"/g);
      expect(colours.filter((colour) => !/^(none|var\(--vscode-[\w-]+, #\w+\))$/.test(colour))).toEqual([]);
    }
  });

  it('completes its steps on events that exist', () => {
    for (const event of steps.flatMap(({ completionEvents }) => completionEvents)) {
      const [kind, name] = event.split(':');
      if (kind === 'onCommand') expect(commands).toContain(name);
      else
        expect([kind, Object.keys(settings)]).toEqual(['onSettingChanged', expect.arrayContaining([name])]);
    }
  });
});

describe('the manifest', () => {
  it('is valid for vsce', async () => {
    await expect(listFiles({ cwd: root, packageManager: PackageManager.None })).resolves.toContain(
      'package.json',
    );
  });

  it('says that it works with the oldest VS Code that it is compiled for and tried in', async () => {
    const types = manifest.devDependencies['@types/vscode'];
    expect(manifest.engines.vscode).toBe(`^${types}`);
    const installed = createRequire(import.meta.url)('@types/vscode/package.json') as { version: string };
    expect(installed.version).toBe(types);
    // A release 4.N of code-server holds VS Code 1.N.
    const tried = /code-server@4\.(\d+)\./.exec(
      await readFile(join(root, 'test/vscode/installation.ts'), 'utf8'),
    );
    expect(types).toMatch(`1.${tried?.[1]}.`);
  });

  it('is active only when it is needed', () => {
    const [general, ...rest] = [...manifest.activationEvents].sort().reverse();
    expect(general).toBe('workspaceContains:**/*.{onnx,safetensors,safetensors.index.json}');
    // Where there are models: the menus of their folders, and hovers in documents whose language VS Code has not, TOML
    // without an extension for it and what is shown as plain text. (Their provider goes by the file's ending.) Elsewhere,
    // hovers on models out of the workspace: as soon as a document is there that may have some.
    const languages = ['yaml', 'toml', 'python', 'markdown', 'jsonc', 'json'];
    expect(rest).toEqual([
      `onWebviewPanel:${VIEW_TYPES.panel}`,
      `onWebviewPanel:${VIEW_TYPES.comparison}`,
      ...languages.map((language) => `onLanguage:${language}`),
    ]);
  });

  it('runs where the files are, in categories that exist', () => {
    expect(manifest.extensionKind).toEqual(['workspace']);
    expect(manifest.categories).toEqual(['Machine Learning', 'Visualization', 'Data Science']);
    for (const keyword of manifest.keywords) {
      expect(`${texts.description} ${texts.displayName}`.toLowerCase()).toContain(keyword);
    }
  });

  it('has an icon of 256 pixels', async () => {
    const png = await readFile(join(root, manifest.icon));
    expect(png.toString('latin1', 1, 4)).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
  });

  it('has valid schemas', async () => {
    for (const { url } of contributes.jsonValidation) {
      const schema = await json<Record<string, unknown>>(url);
      expect(new Ajv().validateSchema(schema)).toBe(true);
    }
  });
});

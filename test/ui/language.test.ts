/** VS Code in another language: what the panel shows is in it, sentences of reports and numbers included. */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../unit/product';
import { inBrackets, pseudoBundle } from '../unit/pseudo-language';
import { TemporaryFolder } from '../vscode/processes';
import { VsCode } from './vscode';

/** Texts are those of the pseudo-language, numbers those of this one, which has a decimal comma. */
const LANGUAGE = 'de';

/** Of `dist`, the programs without what tests and developers have there besides. */
const isShipped = (path: string) => !/\.map$|dist.test/.test(path);

describe('in another language', () => {
  const extension = new TemporaryFolder();
  let vscode: VsCode;
  beforeAll(async () => {
    // The extension as it is, with one more bundle. VS Code knows whose texts are asked for by the program's real path.
    await mkdir(join(extension.path, 'l10n'));
    for (const part of ['package.json', 'package.nls.json', 'media', 'dist']) {
      await cp(join(root, part), join(extension.path, part), { recursive: true, filter: isShipped });
    }
    await symlink(join(root, 'node_modules'), join(extension.path, 'node_modules'), 'junction');
    await writeFile(join(extension.path, `l10n/bundle.l10n.${LANGUAGE}.json`), JSON.stringify(pseudoBundle));
    vscode = await VsCode.open({ language: LANGUAGE, extension: extension.path });
  });
  afterAll(async () => {
    await vscode?.close();
    await extension.remove();
  });

  it('a refusal is in it', async () => {
    const panel = await vscode.openPanel('truncated.onnx');
    const alert = panel.frame.getByRole('alert');
    await expect.poll(() => alert.textContent()).toContain('truncated.onnx: ⟦it is cut off: ');
  });

  it('the panel, its numbers and the sentences of the report are in it', async () => {
    const panel = await vscode.openPanel('golden_zoo.safetensors');
    await panel.state.getByText(/^⟦analyzed/).waitFor();
    expect(await panel.about.textContent()).toMatch(/⟦358 kB⟧, ⟦.*, float(32|64)⟧/);
    await panel.row(0).click();
    const words = await panel.detail.textContent();
    expect(words).toContain(inBrackets('branch and bound over the symbol (Bernstein-Szego)'));
    expect(words).toContain('⟦The padding is not in the file: ');
    expect(words).toMatch(/⟦\d,\d s⟧/);
  });
});

/** Names that are markup, commands, control characters or endless: shown as text, and nothing comes of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayName } from '../../src/report/text';
import { HOSTILE_NAMES, MARKUP_NAME } from '../vscode/workspace';
import { VsCode } from './vscode';

/** Elements that a name could have made of itself, and that the panel has none of. */
const FOREIGN = ['img', 'iframe', 'object', 'form', 'style', 'script', 'a', 'b', 'strong', 'em']
  .map((element) => `main ${element}`)
  .join();
/** What VS Code itself offers where it marks a character that cannot be seen. */
const OF_VSCODE = 'Adjust settings';

describe('hostile names', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open({ size: { width: 1500, height: 900 } });
  });
  afterAll(() => vscode?.close());

  it('are text in the table, in the details and in the plots', async () => {
    const panel = await vscode.analyze('hostile.safetensors');
    const shown = HOSTILE_NAMES.map(displayName);
    expect(await panel.cells('Layer')).toEqual(shown);
    for (const [place, name] of shown.entries()) {
      await panel.row(place).click();
      const heading = panel.detail.getByRole('heading');
      await expect.poll(() => heading.textContent()).toBe(name);
      expect(await panel.frame.locator(FOREIGN).count()).toBe(0);
    }
    const widths = await panel.frame.locator('html').evaluate(widthsOf);
    expect(widths.content).toBeLessThanOrEqual(widths.window);
    for (const tab of ['Through the Network', 'Norm Against Rank']) {
      await panel.tab(tab).click();
      await panel.frame.locator('svg circle').first().waitFor();
      expect(await panel.frame.locator(FOREIGN).count()).toBe(0);
    }
  });

  it('are copied as they are shown', async () => {
    const { panel } = vscode;
    await panel.tab('Layers').click();
    await vscode.contextMenu(panel.row(0).getByText(MARKUP_NAME), 'Copy Value');
    await expect.poll(() => vscode.readClipboard()).toBe(MARKUP_NAME);
  });

  it('are text in a node of ONNX', async () => {
    const panel = await vscode.analyze('markup.onnx');
    await panel.row(0).getByText(MARKUP_NAME).waitFor();
    expect(await panel.frame.locator(FOREIGN).count()).toBe(0);
  });

  // The endless one is on a line that is too long for anybody to read.
  it.each(HOSTILE_NAMES.slice(0, -1))('are text in hovers: %j', async (name) => {
    await vscode.openFile('names.json');
    const [word] = /\w+/.exec(name)!;
    const hover = await vscode.hover(word);
    await hover.getByText('Lipschitz constant:').first().waitFor();
    expect(await hover.innerText()).toContain(displayName(name));
    expect(await hover.locator('img').count()).toBe(0);
    const links = await hover.getByRole('link').allTextContents();
    expect(new Set(links.filter((link) => link !== OF_VSCODE))).toEqual(new Set(['Open in Table']));
  });
});

/** What this needs of the page's element. */
interface Root {
  readonly scrollWidth: number;
  readonly clientWidth: number;
}

function widthsOf({ scrollWidth, clientWidth }: Root): { content: number; window: number } {
  return { content: scrollWidth, window: clientWidth };
}

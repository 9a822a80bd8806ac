/** A model of 20,000 layers: its table stays as quick as that of any other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANY_LAYERS } from '../vscode/workspace';
import { VsCode } from './vscode';

/** Rows that a panel of this height shows, and those above and below that are drawn ahead. */
const MOST_DRAWN = 80;

describe('many rows', () => {
  let vscode: VsCode;
  beforeAll(async () => {
    vscode = await VsCode.open({ size: { width: 1500, height: 900 } });
  });
  afterAll(() => vscode?.close());

  it('answer while they arrive', async () => {
    const panel = await vscode.openPanel('many.safetensors');
    const question = panel.button('Analyze');
    await panel.progress.or(question).first().waitFor();
    if (await question.isVisible()) await question.click();
    await panel.rows.first().waitFor();
    await panel.filter.fill('layers.17');
    await panel.rowOf('layers.17').click();
    await panel.detail.getByRole('heading', { name: 'layers.17', exact: true }).waitFor();
    expect(await panel.progress.count()).toBe(1);
    await panel.tab(/^Skipped/).click();
    await panel.frame.getByText('Nothing was skipped').waitFor();
    await panel.tab('Layers').click();
    await panel.filter.fill('');
    await panel.button('Close the details').click();
    await panel.finished();
    expect(await panel.rowCount()).toBe(MANY_LAYERS);
  });

  it('are drawn where they are seen', async () => {
    const { panel } = vscode;
    const seen = async (place: number) => {
      await panel.row(place).getByText(`layers.${place}`, { exact: true }).waitFor();
      expect(await panel.rows.count()).toBeLessThan(MOST_DRAWN);
    };
    await panel.sortBy('#');
    await panel.sortBy('#');
    await panel.row(0).click();
    await panel.button('Close the details').click();
    await seen(0);
    await panel.row(0).press('End');
    await seen(MANY_LAYERS - 1);
    await panel.grid.evaluate(scrollToMiddle);
    await seen(MANY_LAYERS / 2);
    await panel.row(MANY_LAYERS / 2).hover();
    await vscode.page.mouse.wheel(0, 26 * 1000);
    await seen(MANY_LAYERS / 2 + 1000);
  });

  it('are sorted and filtered', async () => {
    const { panel } = vscode;
    // Every 97th layer has the largest entry; of these, every 13th the other one.
    await panel.sortBy('Lipschitz constant');
    await panel.grid.locator('[aria-sort=descending]').waitFor();
    await panel.grid.evaluate(scrollToTop);
    await panel.row(0).getByText('layers.1260', { exact: true }).waitFor();
    await panel.filter.fill('layers.12345');
    await expect.poll(() => panel.rowCount()).toBe(1);
    expect(await panel.cells('Layer')).toEqual(['layers.12345']);
  });

  it('are drawn as few points', async () => {
    const { panel } = vscode;
    await panel.tab('Through the Network').click();
    const figure = panel.frame.getByRole('figure').filter({ hasText: 'Lipschitz constant through' });
    await figure.locator('svg circle').first().waitFor();
    await figure.getByText(/of 20,000 layers are drawn/).waitFor();
    expect(await figure.locator('svg circle').count()).toBeLessThan(2_500);
  });
});

/** What these functions need of the page's elements. */
interface Grid {
  readonly parentElement: { scrollTop: number; readonly scrollHeight: number; readonly clientHeight: number };
}

function scrollToMiddle({ parentElement: scroller }: Grid): void {
  scroller.scrollTop = (scroller.scrollHeight - scroller.clientHeight) / 2;
}

function scrollToTop({ parentElement: scroller }: Grid): void {
  scroller.scrollTop = 0;
}

/** The panel's table: the numbers in it, its order, its filters, the details and the menu of a row. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerReport, Report } from '../../src/report/report';
import { formatInterval, formatPowerOfTen, formatShare } from '../../src/report/numbers';
import { totals } from '../../src/report/totals';
import { DETECTOR } from '../vscode/workspace';
import { analyze, expectedCells } from './command-line';
import type { Panel } from './panel';
import { VsCode } from './vscode';

const names = new Intl.Collator('en', { numeric: true });

describe('table', () => {
  let vscode: VsCode;
  let panel: Panel;
  let report: Report;
  beforeAll(async () => {
    // High enough that every row of these models is drawn.
    [vscode, report] = await Promise.all([
      VsCode.open({ size: { width: 1500, height: 2600 } }),
      analyze(DETECTOR),
    ]);
    panel = await vscode.analyze('detector.onnx');
  });
  afterAll(() => vscode?.close());

  it('shows the numbers of the command line', async () => {
    expect(await panel.rowCount()).toBe(report.layers.length);
    const expected = report.layers.map(expectedCells);
    for (const column of Object.keys(expected[0])) {
      expect(await panel.cells(column), column).toEqual(expected.map((cells) => cells[column]));
    }
    const operators = await panel.cells('Operator');
    for (const [i, { op }] of report.layers.entries()) expect(operators[i].split(',')[0]).toBe(op);
  });

  it('says how old it is while nobody touches it', async () => {
    const page = panel.frame.locator('html');
    await page.evaluate('{ const now = Date.now; Date.now = () => now() + 3_600_000; }');
    await panel.state.getByText(/^analyzed 1 hour ago/).waitFor();
  });

  it('shows the totals of the command line', async () => {
    const { largest, lowestRank, productLog10, layers } = totals(report);
    await expectText(panel, String(layers));
    await expectText(panel, formatInterval(largest[0].lipschitz));
    await expectText(panel, formatPowerOfTen(productLog10).replace('^', ''));
    await expectText(panel, formatShare(lowestRank[0].stableRank.normalized));
  });

  it.each<[column: string, order: (a: LayerReport, b: LayerReport) => number, first: string]>([
    ['Lipschitz constant', (a, b) => a.lipschitz!.upper - b.lipschitz!.upper, 'descending'],
    ['Stable rank', (a, b) => a.stableRank!.normalized - b.stableRank!.normalized, 'ascending'],
    ['Parameters', (a, b) => a.parameters - b.parameters, 'descending'],
    ['Layer', (a, b) => names.compare(a.name, b.name), 'ascending'],
    ['Operator', (a, b) => names.compare(a.op, b.op), 'ascending'],
  ])('sorts by %s in both directions', async (column, order, first) => {
    const second = first === 'ascending' ? 'descending' : 'ascending';
    for (const direction of [first, second]) {
      await panel.sortBy(column);
      await panel.grid
        .locator(`[role=columnheader][aria-sort=${direction}]`)
        .filter({ hasText: column })
        .waitFor();
      const sign = direction === 'ascending' ? 1 : -1;
      // A stable sort: layers that are equal stay in the order of the file.
      const expected = report.layers.toSorted((a, b) => sign * order(a, b));
      expect(await panel.cells('Layer')).toEqual(expected.map(({ name }) => name));
      expect(await panel.grid.locator('[aria-sort]:not([aria-sort=none])').count()).toBe(1);
    }
  });

  it('filters by words in any order', async () => {
    await panel.sortBy('#');
    await panel.filter.fill('TRANSPOSE p2o');
    const expected = report.layers.filter(({ op }) => op === 'ConvTranspose').map(({ name }) => name);
    await panel.frame.getByText(`${expected.length} of ${report.layers.length} shown`).waitFor();
    expect(await panel.cells('Layer')).toEqual(expected);
    await panel.filter.fill('no such layer');
    await panel.frame.getByText('No layer matches the filter.').waitFor();
    expect(await panel.rows.count()).toBe(0);
    await panel.filter.press('Escape');
    await panel.row(0).waitFor();
    expect(await panel.rowCount()).toBe(report.layers.length);
  });

  it('filters by operator', async () => {
    const expected = report.layers.filter(({ op }) => op === 'BatchNormalization').map(({ name }) => name);
    await panel.button(`BatchNormalization ${expected.length}`).click();
    await panel.frame.getByText(`${expected.length} of ${report.layers.length} shown`).waitFor();
    expect(await panel.cells('Layer')).toEqual(expected);
    await panel.button(`All operators (${report.layers.length})`).click();
    expect(await panel.rowCount()).toBe(report.layers.length);
  });

  it('lists what was skipped, with the reason', async () => {
    await panel.tab('Skipped (1)').click();
    const [{ name, reason }] = report.skipped;
    const list = panel.frame.getByTestId('skipped');
    await list.getByText(reason).waitFor();
    await list.getByText(name, { exact: true }).waitFor();
    await panel.tab('Layers').click();
  });

  it('copies a value and a whole row from the menu of a row', async () => {
    const cells = expectedCells(report.layers[3], 3);
    await vscode.contextMenu(panel.row(3).getByText(cells['Lipschitz constant']), 'Copy Value');
    await expect.poll(() => vscode.readClipboard()).toBe(cells['Lipschitz constant']);
    await vscode.contextMenu(panel.row(3).getByText(cells.Shape), 'Copy Value');
    await expect.poll(() => vscode.readClipboard()).toBe(cells.Shape);
    await vscode.contextMenu(panel.row(3), 'Copy Row');
    await expect.poll(async () => (await vscode.readClipboard()).split('\t').length).toBe(10);
    const [index, name, , shape, norm] = (await vscode.readClipboard()).split('\t');
    expect([index, name, shape, norm]).toEqual(['4', cells.Layer, cells.Shape, cells['Lipschitz constant']]);
  });

  it("reveals the name of a layer's weight from the menu of its row", async () => {
    await vscode.contextMenu(panel.row(5), "Reveal Weight's Name");
    const weight = panel.frame.getByTestId('weight');
    await weight.getByText(report.layers[5].weight, { exact: true }).waitFor();
    expect(await weight.getAttribute('class')).toBe('pointed-out');
    expect(await panel.row(5).getAttribute('aria-selected')).toBe('true');
  });

  it('explains a layer in its details, and closes them', async () => {
    const zoo = await analyze(join(vscode.workspace, 'golden_zoo.onnx'));
    panel = await vscode.analyze('golden_zoo.onnx');
    const { name, weight, lipschitz } = zoo.layers[11];
    await panel.rowOf(name).click();
    expect(await panel.detail.getByRole('heading').textContent()).toBe(name);
    const fields = {
      Interval: formatInterval(lipschitz!),
      'Holds for': 'inputs of size 8×8',
      Operator: 'Conv, 2 groups, kernel 3×3, 4 → 8 channels',
      Method: lipschitz!.method,
      Certainty: 'certified: true for the stored weights',
      Width: /tolerance|Lower and upper bound|borders/,
      'Stable rank': 'of the full rank',
      'Frobenius norm': /^\d/,
      Weight: weight,
      Parameters: '144 of type float',
    };
    for (const [label, text] of Object.entries(fields)) {
      expect(await panel.field(label).textContent(), label).toMatch(text);
    }
    const groups = panel.detail.getByRole('table', { name: 'Groups' });
    expect(await groups.getByRole('row').count()).toBe(3);
    await panel.button('Close the details').click();
    await panel.detail.waitFor({ state: 'detached' });
  });

  it('has its controls in one line, and its headers whole in their titles', async () => {
    const controls = panel.frame.locator('.controls > *');
    for (const width of [1280, 1400]) {
      await vscode.page.setViewportSize({ width, height: 800 });
      const boxes = await Promise.all((await controls.all()).map((control) => control.boundingBox()));
      expect(boxes.length).toBe(4);
      for (const box of boxes) {
        expect(Math.abs(box!.y - boxes[0]!.y), JSON.stringify(boxes)).toBeLessThanOrEqual(1);
        expect(Math.abs(box!.height - boxes[0]!.height), JSON.stringify(boxes)).toBeLessThanOrEqual(1);
      }
    }
    for (const column of ['Lipschitz constant', 'Parameters', 'Input size']) {
      expect(await panel.header(column).getByRole('button').getAttribute('title')).toBe(column);
    }
  });

  it('brings the details into sight in a low panel, and leaves the focus in the table', async () => {
    await vscode.page.setViewportSize({ width: 1000, height: 480 });
    const inSight = async () => {
      const [page, detail] = await Promise.all(
        [panel.frame.locator('.panel'), panel.detail].map((part) => part.boundingBox()),
      );
      return detail!.y >= page!.y && detail!.y + detail!.height <= page!.y + page!.height + 1;
    };
    for (const place of [1, 0]) {
      const row = panel.row(place);
      await row.click();
      await panel.detail.waitFor();
      await expect.poll(inSight).toBe(true);
      await row.and(panel.frame.locator(':focus')).waitFor();
      // Back to where the details are out of sight.
      await panel.title.scrollIntoViewIfNeeded();
      await expect.poll(inSight).toBe(false);
    }
  });
});

async function expectText(panel: Panel, value: string): Promise<void> {
  expect(await panel.facts.getByRole('definition').allTextContents()).toContain(value);
}

/** What the text editor tells of models and layers, and the links in it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatInterval } from '../../src/report/numbers';
import type { Report } from '../../src/report/report';
import { totals } from '../../src/report/totals';
import { formatStableRank } from '../../src/report/wording';
import { DETECTOR } from '../vscode/workspace';
import { analyze } from './command-line';
import { VsCode } from './vscode';

describe('hover', () => {
  let vscode: VsCode;
  let report: Report;
  beforeAll(async () => {
    [vscode, report] = await Promise.all([
      VsCode.open({ folderName: 'models', size: { width: 1280, height: 800 } }),
      analyze(DETECTOR),
    ]);
  });
  afterAll(() => vscode?.close());

  it('on the path of a model that was not analyzed has a link that does it', async () => {
    await vscode.openFile('model.py');
    const hover = await vscode.hover('detector.onnx');
    await hover.getByText('Not analyzed yet.').waitFor();
    await hover.getByRole('link', { name: 'Analyze Lipschitz' }).click();
    await vscode.panel.title.getByText('detector.onnx').waitFor();
    await vscode.panel.finished();
  });

  it.each(['model.py', 'settings.json', 'README.md'])(
    'on the path of a model in %s sums it up',
    async (file) => {
      await vscode.openFile(file);
      const text = await (await vscode.hover('detector.onnx')).innerText();
      const { largest, layers } = totals(report);
      expect(text).toContain('detector.onnx');
      expect(text).toContain(`${layers} layers`);
      expect(text).toContain(`Largest norm: ${formatInterval(largest[0].lipschitz)}`);
      expect(text).toContain(largest[0].name);
      expect(text).toMatch(/Product of 67 upper bounds: 10\^/);
      expect(text).toMatch(/Lowest stable ranks: /);
      expect(text).toMatch(/Analyzed (now|\d+ seconds? ago|\d+ minutes? ago)/);
    },
  );

  it.each(['settings.json', 'README.md', 'model.py'])(
    "on a layer's name in %s has its numbers",
    async (file) => {
      await vscode.openFile(file);
      const hover = await vscode.hover('p2o.Conv.0');
      const text = await hover.innerText();
      const [{ lipschitz, stableRank, weight }] = report.layers;
      expect(text).toContain(`Lipschitz constant: ${formatInterval(lipschitz!)}, any input size, certified`);
      expect(text).toContain(`Stable rank: ${formatStableRank(stableRank!)}`);
      expect(text).toContain('16×3×3×3');
      expect(text).toContain(weight);
      if (file === 'model.py') await vscode.screenshot('hover');
    },
  );

  it('has a link that opens the panel at the row of the layer', async () => {
    const { panel } = vscode;
    await vscode.tab('detector.onnx (Lipschitz)').click();
    await panel.rowOf('p2o.Conv.3').click();
    await vscode.openFile('model.py');
    const hover = await vscode.hover('p2o.Conv.0');
    await hover.getByRole('link', { name: 'Open in Table' }).click();
    await panel.detail.getByRole('heading', { name: 'p2o.Conv.0', exact: true }).waitFor();
    expect(await panel.selectedRow.getAttribute('aria-rowindex')).toBe('2');
  });

  it('becomes an inlay hint where the setting asks for it', async () => {
    await vscode.openFile('model.py');
    const hint = vscode.page
      .locator('.editor-instance .view-line')
      .filter({ hasText: 'layer' })
      .getByText('‖W‖');
    expect(await hint.count()).toBe(0);
    await vscode.configure({ 'lipschitzLens.inlayHints.enabled': true });
    await hint.first().waitFor();
    const line = await vscode.page
      .locator('.editor-instance .view-line')
      .filter({ hasText: 'p2o.Conv.0' })
      .innerText();
    expect(line.replace(/\s/g, ' ')).toContain(`‖W‖ ${formatInterval(report.layers[0].lipschitz!)}`);
  });
});

/** What keeps somebody from using a panel, by axe's rules. */
import axe from 'axe-core';
import type { Panel } from './panel';

/** Of which kind, and where. */
export async function barriers(panel: Panel): Promise<string[]> {
  const page = panel.frame.locator('html');
  if (!(await page.evaluate<boolean, unknown>('"axe" in globalThis'))) {
    await page.evaluate<void, unknown>(axe.source);
  }
  const { violations } = await page.evaluate<axe.AxeResults, unknown>('axe.run()');
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html}\n${failureSummary}`),
  );
}

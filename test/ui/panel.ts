/** The panel of a model, as its user sees it. */
import type { FrameLocator, Locator } from 'playwright-core';
import { LAYERS } from '../vscode/workspace';

export class Panel {
  constructor(readonly frame: FrameLocator) {}

  get title(): Locator {
    return this.frame.getByRole('heading', { level: 1 });
  }

  /** File format, device, settings. */
  get about(): Locator {
    return this.frame.locator('.about');
  }

  /** The totals above the table. */
  get facts(): Locator {
    return this.frame.getByTestId('facts');
  }

  /** What the analysis does, or how it ended. */
  get state(): Locator {
    return this.frame.getByTestId('state');
  }

  get progress(): Locator {
    return this.frame.getByRole('progressbar');
  }

  get grid(): Locator {
    return this.frame.getByRole('grid');
  }

  /** The rows that are drawn, in the order that is shown. */
  get rows(): Locator {
    return this.grid.getByRole('rowgroup').getByRole('row');
  }

  get selectedRow(): Locator {
    return this.grid.locator('[role=row][aria-selected=true]');
  }

  get detail(): Locator {
    return this.frame.getByTestId('detail');
  }

  get filter(): Locator {
    return this.frame.getByRole('textbox', { name: 'Filter layers' });
  }

  /** How many rows the filter leaves, the drawn and all others; -1 where there is no table. */
  async rowCount(): Promise<number> {
    return Number(await this.grid.getAttribute('aria-rowcount')) - 1;
  }

  /** The row at a place of the order that is shown, from 0 on; only where it is drawn. */
  row(place: number): Locator {
    return this.grid.locator(`[role=row][aria-rowindex="${place + 2}"]`);
  }

  /** The row of a layer, by its whole name; only where it is drawn. */
  rowOf(layer: string): Locator {
    return this.rows.filter({ has: this.frame.locator(`[title=${JSON.stringify(layer)}]`) });
  }

  header(column: string): Locator {
    return this.grid.getByRole('columnheader', { name: column, exact: true });
  }

  /** The cells of a column in the rows that are drawn. */
  async cells(column: string): Promise<string[]> {
    const index = await this.header(column).getAttribute('aria-colindex');
    return this.grid.locator(`[role=gridcell][aria-colindex="${index}"]`).allTextContents();
  }

  async sortBy(column: string): Promise<void> {
    await this.header(column).getByRole('button').click();
  }

  tab(name: string | RegExp): Locator {
    return this.frame.getByRole('tab', { name });
  }

  button(name: string): Locator {
    return this.frame.getByRole('button', { name, exact: true });
  }

  /** The value of a field of the details. */
  field(label: string): Locator {
    return this.detail.locator(`dt:text-is(${JSON.stringify(label)}) + dd`);
  }

  /** Waits until models have been compared. */
  async compared(): Promise<void> {
    await this.state.getByText(/^compared/).waitFor();
    // The rows are drawn a moment later.
    await this.rows.first().waitFor();
  }

  /**
   * Waits until the analysis has ended, and answers its question where it asks one; of the samples also until all rows
   * are there, the last of which are drawn a moment later.
   */
  async finished(): Promise<void> {
    const end = this.state.getByText(/^analyzed/);
    const question = this.state.getByRole('button', { name: 'Analyze', exact: true });
    await end.or(question).first().waitFor();
    if (await question.isVisible()) await question.click();
    await end.waitFor();
    const layers = LAYERS[(await this.title.textContent()) ?? ''];
    if (layers === undefined) return;
    await this.frame.locator(`[role=grid][aria-rowcount="${layers + 1}"]`).waitFor();
  }
}

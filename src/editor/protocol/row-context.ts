/** What a row of the panel's table hands to the commands of its context menu (`data-vscode-context`). */
export interface RowContext {
  readonly webviewSection: 'row';
  readonly preventDefaultContextMenuItems: true;
  readonly layer: string;
  /** The cell under the pointer as text. */
  readonly value: string;
  /** All cells of the row as text, separated by tabs. */
  readonly text: string;
}

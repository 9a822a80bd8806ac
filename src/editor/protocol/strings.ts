/** Every text that the panel's page shows, in the user's language. `{0}`, `{1}` stand for values that the page puts in. */
export interface PanelStrings {
  readonly analyze: string;
}

/** Stands between the two characters that would begin an icon, and is not seen. */
const ZERO_WIDTH_SPACE = '\u200b';

/** A name as the label of a list or of the status bar, where VS Code would make an icon of `$(zap)`. */
export function plainLabel(name: string): string {
  return name.replaceAll('$(', `$${ZERO_WIDTH_SPACE}(`);
}

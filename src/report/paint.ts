/** Emphasis by ANSI escape sequences, or none. */
const STYLES = { strong: '1', faint: '2', bad: '31', caution: '33', bar: '36' };

export type Style = keyof typeof STYLES;
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  return (style, text) => (color && text !== '' ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
}

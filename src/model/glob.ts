/**
 * Whether `pattern` covers the whole of `text`: `*` stands for any characters (dots and slashes too), `?` for any one,
 * everything else for itself: names hold brackets and braces of their own.
 * Never backtracks: the first place where a part of the pattern fits leaves most for the parts after it.
 */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (parts.length === 1) return pattern.length === text.length && fits(pattern, text, 0);
  const end = text.length - last.length;
  if (end < first.length || !fits(first, text, 0) || !fits(last, text, end)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    while (from + part.length <= end && !fits(part, text, from)) from++;
    if (from + part.length > end) return false;
    from += part.length;
  }
  return true;
}

function fits(part: string, text: string, from: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== '?' && part[i] !== text[from + i]) return false;
  }
  return true;
}

/** Longest name that a message shows whole, characters. */
const longest = 200;

/** A name from a file, fit for a message: in quotes, control characters escaped, overlong ones shortened. */
export function quote(name: string): string {
  return JSON.stringify(name.length > longest ? `${name.slice(0, longest)}...` : name);
}

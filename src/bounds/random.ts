/** Standard normal numbers from a fixed seed, so that every run of an analysis gives the same intervals. */
export function gaussianVector(length: number, seed: number): Float64Array {
  let state = (seed * 2654435769) >>> 0 || 1;
  // xorshift32 (Marsaglia 2003): only a direction is needed, nothing depends on its quality but speed.
  const uniform = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state + 0.5) / 4294967296;
  };
  const out = new Float64Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

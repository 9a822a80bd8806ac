/** `10^31.6` with a raised exponent; other numbers as they are. */
export function Power({ text }: { readonly text: string }) {
  const [base, exponent] = text.split('^');
  return exponent === undefined ? (
    <>{base}</>
  ) : (
    <>
      {base}
      <sup>{exponent}</sup>
    </>
  );
}

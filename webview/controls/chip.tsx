interface Props {
  readonly label: string;
  readonly pressed: boolean;
  readonly onClick: () => void;
}

/** One of several choices in a row. */
export function Chip({ label, pressed, onClick }: Props) {
  return (
    <button class="chip" type="button" aria-pressed={pressed} onClick={onClick}>
      {label}
    </button>
  );
}

/** A goal that a benchmark holds its figures against. */
export interface Goal {
  readonly text: string;
  readonly met: boolean;
}

export function goalText({ text, met }: Goal): string {
  return `${met ? '✓' : '✗'} ${text}`;
}

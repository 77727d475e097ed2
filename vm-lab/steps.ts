/** Who is told what is going on; the subject is `image` or a machine. */
export interface Steps {
  doing(subject: string, what: string): void;
  done(subject: string, what: string): void;
}

export const UNTOLD: Steps = { doing: () => {}, done: () => {} };

/** Why an agent did not do as it was told. */
import { parseHttpAnswer } from '../facts/http-answer.ts';

/** From what the step of an agentRequest printed; null: it did as told. */
export function refusalIn(printed: string): string | null {
  const answer = parseHttpAnswer(printed);
  if (answer === null) return 'it did not answer';
  if (answer.status >= 200 && answer.status < 300) return null;
  return `${errorOf(answer.body) || 'no reason given'} (status ${answer.status})`;
}

function errorOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'error' in value) return String(value.error);
  } catch {
    // Not JSON: shown as it is.
  }
  return body.trim().slice(0, 300);
}

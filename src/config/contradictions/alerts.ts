/** Where alerts go. */
import type { Context, Rule } from './rule.ts';

function loginIsWhole({ config, report }: Context): void {
  const { smtp } = config.alerts;
  if (smtp === null || (smtp.user === null) === (smtp.password === null)) return;
  const [there, missing] = smtp.user === null ? (['password', 'user'] as const) : (['user', 'password'] as const);
  report(['alerts', 'smtp', there], `\`${there}\` without \`${missing}\` is no login`, {
    expected: 'both, or neither',
  });
}

function urlLeadsSomewhere({ config, report }: Context): void {
  const { webhook } = config.alerts;
  if (webhook === null || URL.canParse(webhook.url)) return;
  report(['alerts', 'webhook', 'url'], 'this is no URL', { expected: 'such as https://alerts.example.com/hook' });
}

function secretsAreHidden({ config, report }: Context): void {
  const { smtp, webhook } = config.alerts;
  const expected = 'what is encrypted on its way';
  if (smtp !== null && smtp.password !== null && smtp.tls === 'none') {
    report(['alerts', 'smtp', 'tls'], 'the password goes over the network in clear', { expected, severity: 'warning' });
  }
  if (webhook?.url.startsWith('http:') && Object.keys(webhook.headers).length > 0) {
    const message = 'the headers go over the network in clear';
    report(['alerts', 'webhook', 'url'], message, { expected, severity: 'warning' });
  }
}

export const ALERT_RULES: readonly Rule[] = [
  { needs: [], check: loginIsWhole },
  { needs: [], check: urlLeadsSomewhere },
  { needs: [], check: secretsAreHidden },
];

/** A validator for the keywords that our JSON Schema uses, written from the specification; an unknown keyword is an error. */

type Json = Readonly<Record<string, unknown>>;

const ANNOTATIONS: readonly string[] = ['$schema', 'title', 'description', 'format'];

export function fits(value: unknown, schema: Json, path = '$'): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (ANNOTATIONS.includes(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) return [`${path}: the schema has the unknown keyword ${keyword}`];
    return check(value, rule, path, schema);
  });
}

type Check = (value: unknown, rule: unknown, path: string, schema: Json) => string[];

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return typeof value;
}

const unless = (good: boolean, problem: string): string[] => (good ? [] : [problem]);

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value, rule, path) => {
    const type = typeOf(value);
    const allowed = [rule].flat();
    return unless(allowed.includes(type) || (type === 'integer' && allowed.includes('number')), `${path}: is ${type}`);
  },
  enum: (value, rule, path) => unless((rule as unknown[]).includes(value), `${path}: not one of ${rule}`),
  const: (value, rule, path) => unless(value === rule, `${path}: not ${rule}`),
  pattern: (value, rule, path) =>
    unless(typeof value !== 'string' || new RegExp(rule as string).test(value), `${path}: does not match ${rule}`),
  minimum: (value, rule, path) =>
    unless(typeof value !== 'number' || value >= (rule as number), `${path}: below ${rule}`),
  maximum: (value, rule, path) =>
    unless(typeof value !== 'number' || value <= (rule as number), `${path}: above ${rule}`),
  minItems: (value, rule, path) =>
    unless(!Array.isArray(value) || value.length >= (rule as number), `${path}: too short`),
  minProperties: (value, rule, path) =>
    unless(!isMapping(value) || Object.keys(value).length >= (rule as number), `${path}: too few keys`),
  items: (value, rule, path) =>
    Array.isArray(value) ? value.flatMap((item, index) => fits(item, rule as Json, `${path}[${index}]`)) : [],
  anyOf: (value, rule, path) =>
    unless(
      (rule as Json[]).some((one) => fits(value, one, path).length === 0),
      `${path}: fits no alternative`,
    ),
  required: (value, rule, path) =>
    isMapping(value)
      ? (rule as string[]).flatMap((key) => unless(Object.hasOwn(value, key), `${path}: lacks ${key}`))
      : [],
  properties: (value, rule, path) =>
    isMapping(value)
      ? Object.entries(rule as Record<string, Json>).flatMap(([key, one]) =>
          Object.hasOwn(value, key) ? fits(value[key], one, `${path}.${key}`) : [],
        )
      : [],
  propertyNames: (value, rule, path) =>
    isMapping(value) ? Object.keys(value).flatMap((key) => fits(key, rule as Json, `${path}.${key}`)) : [],
  additionalProperties: (value, rule, path, schema) => {
    if (!isMapping(value)) return [];
    const known = Object.keys((schema['properties'] ?? {}) as Json);
    const others = Object.keys(value).filter((key) => !known.includes(key));
    if (rule === false) return others.map((key) => `${path}: unknown key ${key}`);
    return others.flatMap((key) => fits(value[key], rule as Json, `${path}.${key}`));
  },
};

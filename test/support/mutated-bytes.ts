import fc from 'fast-check';

export interface Mutation {
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'remove' | 'cut' | 'repeat';
  readonly byte: number;
}

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({ at: fc.nat(400), kind: fc.constantFrom<Mutation['kind']>('set', 'insert', 'remove', 'cut', 'repeat'), byte: fc.nat(255) }),
  { minLength: 1, maxLength: 6 },
);

/** The message with each change made to what the changes before it left. */
export function mutate(seed: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  let bytes = [...seed];
  for (const { at, kind, byte } of changes) {
    const place = at % (bytes.length + 1);
    if (kind === 'set') bytes[place] = byte;
    else if (kind === 'insert') bytes.splice(place, 0, byte);
    else if (kind === 'remove') bytes.splice(place, 1 + (byte % 8));
    else if (kind === 'cut') bytes = bytes.slice(0, place);
    else bytes = [...bytes, ...bytes.slice(place)];
  }
  return Uint8Array.from(bytes);
}

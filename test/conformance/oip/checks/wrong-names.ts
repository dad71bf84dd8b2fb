import { section } from '../section.js';
import { rawRequest, type Subject } from '../subject.js';
import { UNKNOWN_MODEL, UNKNOWN_VERSION } from './unknown.js';
import type { WrongRequest } from './wrong-request.js';

const INFERENCE = section('OIP gRPC', 'Inference');
const REQUEST = section('OIP REST', 'Inference Request JSON Object');
const METADATA = section('OIP REST', 'Model Metadata Response JSON Object');
const ANY = 'that answers ModelInfer';
const EXTRA = 'oip_conformance_extra';

function isOptional({ config }: Subject, input: string): boolean {
  return config?.input.find(({ name }) => name === input)?.optional === true;
}

/** What a request names: model, version, inputs, outputs. */
export const WRONG_NAMES: readonly WrongRequest[] = [
  {
    id: 'refuse.unknown-model',
    title: 'A request to a model that is not there',
    level: 'must',
    section: INFERENCE,
    needs: ANY,
    code: 'NOT_FOUND',
    make: (_, inputs) => rawRequest(UNKNOWN_MODEL, inputs),
  },
  {
    id: 'refuse.unknown-version',
    title: 'A request to a version that is not there',
    level: 'must',
    section: INFERENCE,
    needs: 'lists versions',
    code: 'NOT_FOUND',
    make: ({ name, versions }, inputs) =>
      versions.length === 0 ? undefined : rawRequest(name, inputs, { model_version: UNKNOWN_VERSION }),
  },
  {
    id: 'refuse.no-inputs',
    title: 'A request without inputs',
    level: 'must',
    section: METADATA,
    needs: 'with a required input',
    code: 'INVALID_ARGUMENT',
    make: (subject) => (subject.inputs.every(({ name }) => isOptional(subject, name)) ? undefined : rawRequest(subject.name, [])),
  },
  {
    id: 'refuse.missing-input',
    title: 'A request that lacks one input of several',
    level: 'must',
    section: METADATA,
    needs: 'with several inputs',
    code: 'INVALID_ARGUMENT',
    make: (subject, inputs) => {
      const missing = inputs.findLastIndex(({ name }) => !isOptional(subject, name));
      if (inputs.length < 2 || missing === -1) return undefined;
      return rawRequest(
        subject.name,
        inputs.filter((_, at) => at !== missing),
      );
    },
  },
  {
    id: 'refuse.unknown-input',
    title: 'A request with an input that the model does not have',
    level: 'should',
    section: METADATA,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => rawRequest(name, [...inputs, ...inputs.slice(0, 1).map((input) => ({ ...input, name: EXTRA }))]),
  },
  {
    id: 'refuse.duplicate-input',
    title: 'A request with an input twice',
    level: 'should',
    section: REQUEST,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => rawRequest(name, [...inputs, ...inputs.slice(0, 1)]),
  },
  {
    id: 'refuse.unknown-output',
    title: 'A request for an output that the model does not have',
    level: 'must',
    section: REQUEST,
    needs: ANY,
    code: 'INVALID_ARGUMENT',
    make: ({ name }, inputs) => rawRequest(name, inputs, { outputs: [{ name: EXTRA }] }),
  },
];

import { status } from '@grpc/grpc-js';
import { digits, image } from './bad-requests.js';
import { FACADES, type Facade, MILLRACE, OIP } from './facades.js';

/** What only one facade can get wrong: a message as its proto has it. */
export interface BadMessage {
  readonly what: string;
  readonly facade: Facade;
  readonly message: object;
  readonly says: readonly string[];
  readonly code?: number;
  /** The ErrorInfo's, where it is not the one that goes with the code. */
  readonly reason?: string;
}

const GOOD = digits(image(1, 64));
const RAW_IMAGE = Buffer.alloc(256);
const oip = OIP.message(GOOD, 'raw');
const oipTyped = OIP.message(GOOD, 'typed');
const millrace = MILLRACE.message(GOOD, 'typed');
const oipImage = { name: 'image', datatype: 'FP32', shape: ['1', '64'] };
const millraceImage = { name: 'image', datatype: 'DATATYPE_FP32', shape: ['1', '64'] };
const floats = Array<number>(64).fill(0);

export const BAD_MESSAGES: readonly BadMessage[] = [
  {
    what: 'more raw contents than inputs',
    facade: OIP,
    message: { ...oip, raw_input_contents: [RAW_IMAGE, RAW_IMAGE] },
    says: ["expected 1 raw_input_contents entries for 1 inputs for model 'digits', got 2"],
  },
  {
    what: 'more inputs than raw contents',
    facade: OIP,
    message: { ...oip, inputs: [oipImage, { ...oipImage, name: 'other' }] },
    says: ["expected 2 raw_input_contents entries for 2 inputs for model 'digits', got 1"],
  },
  {
    what: 'typed beside raw contents',
    facade: OIP,
    message: { ...oipTyped, raw_input_contents: [RAW_IMAGE] },
    says: ["contents field must not be specified when using raw_input_contents for 'image' for model 'digits'"],
  },
  {
    what: 'typed contents of two datatypes',
    facade: OIP,
    message: { ...oipTyped, inputs: [{ ...oipImage, contents: { fp32_contents: floats, int_contents: [1] } }] },
    says: ["unexpected explicit tensor data for input tensor 'image' for model 'digits'", 'fp32_contents'],
  },
  {
    what: 'typed contents of another datatype',
    facade: OIP,
    message: { ...oipTyped, inputs: [{ ...oipImage, contents: { fp64_contents: floats } }] },
    says: ["unexpected explicit tensor data for input tensor 'image'", 'expected fp32_contents', 'got fp64_contents'],
  },
  {
    what: 'a datatype that is none',
    facade: OIP,
    message: { ...oip, inputs: [{ ...oipImage, datatype: 'FLOAT' }] },
    says: ["input 'image' data-type is 'FLOAT'", 'BOOL, UINT8'],
  },
  {
    what: 'a priority that is none',
    facade: OIP,
    message: { ...oip, parameters: { priority: { string_param: 'high' } } },
    says: ["parameter 'priority' must be an integer", "got 'high'"],
  },
  {
    what: 'an unknown region of shared memory',
    facade: OIP,
    message: {
      ...oip,
      inputs: [
        {
          ...oipImage,
          parameters: {
            shared_memory_region: { string_param: 'mine' },
            shared_memory_byte_size: { int64_param: RAW_IMAGE.length },
          },
        },
      ],
      raw_input_contents: [],
    },
    code: status.NOT_FOUND,
    reason: 'not_found',
    says: ["Unable to find shared memory region: 'mine'"],
  },
  {
    what: 'raw beside typed values',
    facade: MILLRACE,
    message: { ...millrace, inputs: [{ ...millraceImage, raw: RAW_IMAGE, floats }] },
    says: ["input 'image' for model 'digits' has values in raw, floats, expected them in at most one"],
  },
  {
    what: 'values in two lists',
    facade: MILLRACE,
    message: { ...millrace, inputs: [{ ...millraceImage, floats, doubles: floats }] },
    says: ["input 'image' for model 'digits' has values in floats, doubles"],
  },
  {
    what: "another datatype's list",
    facade: MILLRACE,
    message: { ...millrace, inputs: [{ ...millraceImage, doubles: floats }] },
    says: ["input 'image' for model 'digits' of datatype FP32 has values in doubles, expected them in floats or raw"],
  },
  {
    what: 'no datatype',
    facade: MILLRACE,
    message: { ...millrace, inputs: [{ ...millraceImage, datatype: 'DATATYPE_UNSPECIFIED', floats }] },
    says: ["datatype of input 'image' for model 'digits' is not given, expected one of BOOL, UINT8"],
  },
  {
    what: 'a datatype that is none',
    facade: MILLRACE,
    message: { ...millrace, inputs: [{ ...millraceImage, datatype: 99, floats }] },
    says: ["datatype of input 'image' for model 'digits' is number 99"],
  },
  {
    what: 'an encoding that is none',
    facade: MILLRACE,
    message: { ...millrace, output_encoding: 7 },
    says: ['output_encoding is 7, expected a number from 0 to 2'],
  },
  ...FACADES.map((facade) => ({
    what: 'a megabyte of names',
    facade,
    message: { ...facade.message(GOOD, 'raw'), ...Object.fromEntries(['id', 'request_id'].map((field) => [field, 'x'.repeat(2 ** 20)])) },
    says: ['bytes of names, shapes and parameters, but at most 1048576 are allowed'],
  })),
];

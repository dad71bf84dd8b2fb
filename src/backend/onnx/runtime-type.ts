import type { Datatype } from '../../tensor/datatype.js';

/** ONNX Runtime's names of the datatypes that its JavaScript binding can carry, and the arrays it carries them in. */
const RUNTIME_TYPES = {
  bool: { datatype: 'BOOL', view: Uint8Array },
  uint8: { datatype: 'UINT8', view: Uint8Array },
  uint16: { datatype: 'UINT16', view: Uint16Array },
  uint32: { datatype: 'UINT32', view: Uint32Array },
  uint64: { datatype: 'UINT64', view: BigUint64Array },
  int8: { datatype: 'INT8', view: Int8Array },
  int16: { datatype: 'INT16', view: Int16Array },
  int32: { datatype: 'INT32', view: Int32Array },
  int64: { datatype: 'INT64', view: BigInt64Array },
  float16: { datatype: 'FP16', view: Uint16Array },
  float32: { datatype: 'FP32', view: Float32Array },
  float64: { datatype: 'FP64', view: Float64Array },
} as const;

export type NumericType = keyof typeof RUNTIME_TYPES;
export type NumericDatatype = (typeof RUNTIME_TYPES)[NumericType]['datatype'];
export type NumericView = InstanceType<(typeof RUNTIME_TYPES)[NumericType]['view']>;

/** Numbers of onnx.proto's TensorProto.DataType that the binding refuses, by the name that their users know. */
const REFUSED_TYPES: ReadonlyMap<number, string> = new Map([
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'BF16'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
]);

const TYPE_OF_DATATYPE = new Map<Datatype, NumericType>(
  Object.entries(RUNTIME_TYPES).map(([type, { datatype }]) => [datatype, type as NumericType]),
);

/** Undefined for what Open Inference Protocol has no word for (4-bit integers). */
export function datatypeOf(runtimeType: string): Datatype | undefined {
  if (runtimeType === 'string') return 'BYTES';
  return isNumericType(runtimeType) ? RUNTIME_TYPES[runtimeType].datatype : undefined;
}

/** The bytes, not copied, as the runtime wants them; they begin where their buffer does. Undefined for BYTES and BF16. */
export function numericView(
  datatype: Datatype,
  { buffer, byteLength }: Uint8Array<ArrayBuffer>,
): { type: NumericType; view: NumericView } | undefined {
  const type = TYPE_OF_DATATYPE.get(datatype);
  if (type === undefined) return undefined;
  const { view } = RUNTIME_TYPES[type];
  return { type, view: new view(buffer, 0, byteLength / view.BYTES_PER_ELEMENT) };
}

/** Name of a datatype that the binding knows by its number only. */
export function refusedTypeName(number: number): string {
  return REFUSED_TYPES.get(number) ?? `number ${number}`;
}

function isNumericType(text: string): text is NumericType {
  return Object.hasOwn(RUNTIME_TYPES, text);
}

/** The values around a tensor as Python shows them: sizes, dtypes, devices, parameters, named results. */

/** `(2, 3)`, `(2,)`, `()`. */
export const reprTuple = (items: readonly (number | bigint | string)[]): string =>
  items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;

/** Dtypes, layouts and memory formats are shown by their name in `torch`. */
export const formatTorchName = (name: string): string => `torch.${name}`;

export interface PrintableDevice {
  readonly type: string;
  readonly index?: number | null;
}

export const strDevice = ({ type, index }: PrintableDevice): string => (index == null ? type : `${type}:${index}`);

export const reprDevice = ({ type, index }: PrintableDevice): string =>
  index == null ? `device(type='${type}')` : `device(type='${type}', index=${index})`;

/** `tensor` is the parameter's own text, from formatTensor. */
export const formatParameter = (tensor: string): string => `Parameter containing:\n${tensor}`;

/** What `x.max(1)` and the like return; `fields` are names and texts, in order. */
export const formatNamedResult = (operator: string, fields: readonly (readonly [string, string])[]): string =>
  `torch.return_types.${operator}(\n${fields.map(([name, text]) => `${name}=${text}`).join(",\n")})`;

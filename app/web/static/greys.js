// One-channel PNGs as bytes, for workers.

/** Return the values of a grey PNG: {width, height, values}. `blob` is the file. */
export async function readGrey(blob) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(blob, options);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const values = new Uint8Array(width * height);
  for (let index = 0; index < values.length; index += 1) values[index] = rgba[4 * index];
  return { width, height, values };
}

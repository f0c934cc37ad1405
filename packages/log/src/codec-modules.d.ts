declare module 'snappyjs' {
  /** Throws when the declared length is above `maxLength`. */
  export function uncompress(compressed: Buffer, maxLength?: number): Buffer
  export function compress(plain: Buffer): Buffer
}

declare module 'lz4js' {
  /** Decodes one block into `dst` from `dIndex` on, answers with the index after it; writes past the end are lost. */
  export function decompressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    sIndex: number,
    sLength: number,
    dIndex: number,
  ): number
  export function compress(plain: Uint8Array): Uint8Array
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  interface Queue {
    throttledUntil: number
    throttleCheckTimeoutId: NodeJS.Timeout | null
    readonly pending: readonly unknown[]
    checkPendingRequests(): void
    scheduleCheckPendingRequests(): void
  }
  const RequestQueue: { readonly prototype: Queue }
  export default RequestQueue
}

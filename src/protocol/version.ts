/** The versions of the protocol that a client may ask for in its handshake; the last is the newest. */
export const versions: readonly number[] = [1]

export const newestVersion = versions.at(-1) as number

import { METADATA_BYTES, TEXT_BYTES } from '../../protocol/text.ts'

/** How many and how much a client may ask for; told in `authenticated` as `limits`. */
export const caps = {
  rooms: 1_000,
  members: 100_000,
  recipients: 100,
  user_ids: 500,
  id_length: 128,
  text_bytes: TEXT_BYTES,
  metadata_bytes: METADATA_BYTES,
  json_depth: 64,
  history: 200,
  page_bytes: 262_144,
  /** Of binary in one packet: what socket.io-parser takes. */
  attachments: 10,
  positions: 100,
  /** Whose presence a connection may watch. */
  presence_users: 1_000,
  presence_rooms: 100,
} as const

/** Over so many members, joins and leaves are no entries of the room's log. */
export const QUIET_MEMBERS = 1_000

import { passes } from './list.ts'

passes('bun')

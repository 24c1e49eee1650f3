import { expect, test } from 'bun:test'
import { testService } from '../../support/service.ts'
test('x', async () => {
  const s = testService()
  await s.room('lobby', ['ada','bob'])
  console.log(await s.user('ada').send('message:send', { room_id: 'lobby', content: {text:'hi'} }))
  // concurrency probes
  const r = await Promise.allSettled([s.user('ada').send('message:send',{to:'carl',content:{text:'1'}}), s.user('carl').send('message:send',{to:'ada',content:{text:'2'}})])
  console.log(r)
  await s.room('open', ['ada'], {visibility:'public'})
  const js = await Promise.all(Array.from({length:50},(_, n)=> s.user('u'+n).refused('room:join',{room_id:'open'})))
  console.log(js.join())
  const t0=performance.now(); await s.pass(25*3600e3); console.log(performance.now()-t0)
})

/**
 * A studio in a process of its own, to be killed: opens a project in which Assist is on, finishes an image of it, prints
 * the step of the weights that know it, and lives on. Arguments: the studio's folder, the project's file, the image.
 */
import { join } from 'node:path'
import { StudioHost } from '../../src/main/studio/api/host.ts'
import { openProject } from '../../src/main/studio/project/index.ts'

const [home, file, image] = process.argv.slice(2) as [string, string, string]
const host = new StudioHost({
  info: () => ({
    ...{ version: '0', shell: 'browser', platform: 'linux' },
    engine: { title: 'CPU', canTrain: true },
    detection: [],
  }),
  ...{ dataFolder: join(home, 'data'), cacheFolder: join(home, 'cache'), sampleFolder: home },
})
await host.open(file, () => openProject(file))
host.project.images.setState([Number(image)], 'done')
await host.assist.settled()
const { images, step } = host.assist.state
while (host.assist.state.phase !== 'learning' || host.assist.state.step < step + 20)
  await new Promise((resolve) => setTimeout(resolve, 20))
console.log(images)

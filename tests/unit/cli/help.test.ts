import { expect, test } from 'vitest'
import { fcosProgram } from '../../../src/main/cli/program.ts'

const program = fcosProgram('0', () => {})

test.each(['', ...program.commands.map((command) => command.name())])(
  'help fits a narrow terminal: %s',
  (name) => {
    const command = program.commands.find((candidate) => candidate.name() === name) ?? program
    let text = ''
    command.configureOutput({ getOutHelpWidth: () => 52, writeOut: (piece) => void (text += piece) })
    command.outputHelp()
    // What is to be copied stays in one line.
    const lines = text.split('\n').filter((line) => !/^(Example|Usage):/.test(line))
    expect(lines.filter((line) => line.length > 52)).toEqual([])
    expect(lines.length).toBeGreaterThan(6)
  },
)

/** `fcos completion`: what a shell has to know to complete commands, options and files. */
import type { Command } from 'commander'

export type Shell = 'bash' | 'zsh' | 'fish'

export function completionScript(program: Command, shell: Shell): string {
  return shell === 'fish' ? fish(program) : posix(program, shell)
}

/** Names of a command, and what it takes. */
const commandsOf = (program: Command) =>
  program.commands.map((command) => ({
    names: [command.name(), ...command.aliases()],
    summary: command.description(),
    options: command.options,
    words: [...command.options.map(({ long, short }) => long ?? short!), '--help'],
  }))

/** zsh runs bash's completions. */
function posix(program: Command, shell: Exclude<Shell, 'fish'>): string {
  const commands = commandsOf(program)
  const choices = commands
    .flatMap(({ names, options }) =>
      options.flatMap(({ long, argChoices }) =>
        long && argChoices ? [`    "${names[0]} ${long}") words='${argChoices.join(' ')}';;`] : [],
      ),
    )
    .join('\n')
  const words = commands
    .map(({ names, words: own }) => `      ${names.join('|')}) words='${own.join(' ')}';;`)
    .join('\n')
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_fcos() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=''
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${choices}
  esac
  if [ -z "$words" ] && [ "$COMP_CWORD" -gt 1 ] && [[ $current == -* ]]; then
    case \${COMP_WORDS[1]} in
${words}
    esac
  elif [ -z "$words" ] && [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.flatMap(({ names }) => names).join(' ')}'
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _fcos fcos`
}

function fish(program: Command): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = commandsOf(program).flatMap(({ names, summary, options }) => [
    ...names.map((name) => `complete -c fcos -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
    ...options.flatMap(({ long, description, argChoices, required }) =>
      long
        ? [
            `complete -c fcos -n '__fish_seen_subcommand_from ${names.join(' ')}' -l ${long.slice(2)} ` +
              `-d ${quoted(description)}${required ? ' -r' : ''}${argChoices ? ` -f -a ${quoted(argChoices.join(' '))}` : ''}`,
          ]
        : [],
    ),
  ])
  return lines.join('\n')
}

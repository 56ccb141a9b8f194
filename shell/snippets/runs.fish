# Completion of the runs that have a note, the newest first: of each its name, if it has one, and its
# UUID. Only the names of the notes' files are read, UUID.json or NAME@UUID.json, and of these only
# those whose characters mean nothing to a shell: nothing is ever expanded or run.
function _taskfarm_runs
    set -l state $XDG_STATE_HOME
    string match -q '/*' -- "$state"; or set state $HOME/.local/state
    set -l config $XDG_CONFIG_HOME
    string match -q '/*' -- "$config"; or set config $HOME/.config
    set -l config $config/taskfarm
    test -n "$TASKFARM_CONFIG"; and set config $TASKFARM_CONFIG
    for folder in "$state/taskfarm/runs" "$HOME/Library/Application Support/taskfarm/runs" "$config/runs"
        test -d "$folder"; or continue
        command ls -t -- "$folder/" 2>/dev/null |
            string replace -f -r '^(|[A-Za-z][A-Za-z0-9._-]{0,63}@)([0-9a-f]{32})\.json$' '$1$2' |
            string split -n @
    end
end

# Files, also in --option=FILE.
function _taskfarm_file
    __fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct))
end

# The line of the command behind --.
function _taskfarm_command
    string match -r -g -- '^.*? -- +(.*)$' (commandline -cp | string collect)
end

function _taskfarm_has_command
    contains -- -- (commandline -opc)
end

#!/bin/sh
# Copy the working tree as it is now, uncommitted edits included, into a git repository of its own, as its one commit:
#
#     sh tests/copy_tree.sh FOLDER       # from the top of the tree
#
# What belongs is what no .gitignore names. The tree's own .git does not matter: a ZIP download has none.
set -eu
unset $(git rev-parse --local-env-vars)                    # GIT_DIR and the like, which a git hook sets
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1   # no ignored files, hooks or signatures of the user's own
git init -q "$1"
git --git-dir "$1/.git" --work-tree . add -A
git -C "$1" -c user.name=copy -c user.email=copy@localhost commit -qm "A copy of the working tree"
git -C "$1" reset -q --hard

# Brings the node_modules of a folder up to its lock file, and does nothing when they are.
#   cmake -DDIR=web -P npm.cmake
# The folder is locked meanwhile, so that two builds of one tree take turns.
file(LOCK ${DIR}/.npm-lock TIMEOUT 600)  # created, emptied: a file of its own
file(SHA256 ${DIR}/package-lock.json wanted)
set(stamp ${DIR}/node_modules/.headgate-lock)
set(installed "")
if(EXISTS ${stamp})
  file(READ ${stamp} installed)
endif()
if(NOT installed STREQUAL wanted)
  # No install scripts: esbuild's only replaces its launcher, and its binary is a package of its own.
  execute_process(COMMAND npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    WORKING_DIRECTORY ${DIR} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${stamp} ${wanted})
endif()

"""Environment variables that would make a program run other code than its own.

On AWS a job or a function has a machine to itself. Here it is a process of this machine, and an API
call that sets PYTHONPATH or LD_PRELOAD would run what the caller likes, as the person who started
the embedded AWS. Such variables are refused by name.
"""

import re
from collections.abc import Iterable

# The loader, the C library, interpreters, shells, and the variables by which libraries of ours
# are told to load a plug-in, a configuration that names a program, or a compiler.
_REFUSED = re.compile(
    r"""
      (?: PYTHON | LD_ | DYLD_ | GLIBC_ | MALLOC_TRACE | RUBY | PERL | NODE_ | NPM_ | JAVA_
        | JDK_JAVA_ | GIT_ | BASH_ | PIP_ | UV_ | VIRTUAL_ENV | CONDA | OPENSSL_
        | SSLKEYLOG | GTK_ | QT_
        | CUDA_INJECTION | NSYS_ | NCCL_.*PLUGIN | OMP_TOOL | KMP_TOOL
        | TORCHINDUCTOR_ | TRITON_ | TORCH_EXTENSIONS | TORCH_HOME | HF_MODULES
        | AWS_CONFIG | AWS_SHARED | AWS_DATA | AWS_PROFILE | AWS_DEFAULT_PROFILE | BOTO_
        | AWS_LAMBDA_ | SAGEMAKER_BASE
      ).*
    | GCONV_PATH | LOCPATH | NLSPATH | LOCALDOMAIN | RES_OPTIONS | HOSTALIASES | RESOLV_.*
    | NIS_PATH | GETCONF_DIR | TZDIR | LIBRARY_PATH | CPATH | C_INCLUDE_PATH | CPLUS_INCLUDE_PATH
    | COMPILER_PATH | GCC_EXEC_PREFIX | CC | CXX | CFLAGS | CXXFLAGS | LDFLAGS | CUDA_HOME
    | CUDA_PATH | ENV | IFS | PS4 | SHELL | SHELLOPTS | BASHOPTS | CDPATH | PROMPT_COMMAND
    | PATH | HOME | TMPDIR | TMP | TEMP | TEMPDIR | XDG_.* | _JAVA_OPTIONS | CLASSPATH
    | EDITOR | VISUAL | PAGER | BROWSER | LESSOPEN | LESSCLOSE | TERMINFO | TERMCAP
    | _HANDLER | LAMBDA_TASK_ROOT | LAMBDA_RUNTIME_DIR
    """,
    re.VERBOSE | re.IGNORECASE,
)


def refused_variables(names: Iterable[str]) -> list[str]:
    """Return those of the names that a process of this machine must not be given."""
    return sorted(name for name in names if _REFUSED.fullmatch(name))

"""How PyInstaller takes torch: what is imported, with its sources, and all its libraries.

The hook that comes with PyInstaller takes every module and data file there is, and imports each
one to find them, which takes minutes; most are of compilers and tests.
"""

from pathlib import Path

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_dynamic_libs, get_package_paths

module_collection_mode = "pyz+py"  # TorchScript reads sources while torch is imported
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
# torch doesn't start without this program, though it is only for sharing tensors.
manager = Path(get_package_paths("torch")[1], "bin", "torch_shm_manager")
if manager.is_file():
    binaries.append((str(manager), "torch/bin"))
# torch looks for its libraries beside the first one it finds.
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]
# Imported by name, when torch itself is.
hiddenimports = ["torch._C", "torch._VF", "torch._dynamo"]

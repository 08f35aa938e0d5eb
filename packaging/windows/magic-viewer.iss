; Inno Setup: makes dist\magic-viewer-VERSION-setup.exe of the bundle.
;   iscc /DVersion=0.1.0 packaging\windows\magic-viewer.iss
; With a signing key: add /DSigned "/Smagicsign=signtool sign /fd sha256 /tr URL /td sha256 $f".
; It installs for one user without an administrator, or for all if one asks for that.

#ifndef Version
  #error Give the version: iscc /DVersion=...
#endif
#define Name "MAGIC Viewer"
#define Program "magic-viewer.exe"
#define Id "MagicViewer"

[Setup]
AppId={{6E3C0F5B-52C7-4B0E-9D2F-6C1C2F0B8A41}
AppName={#Name}
AppVersion={#Version}
AppPublisher=The MAGIC Viewer contributors
DefaultDirName={autopf}\{#Name}
DefaultGroupName={#Name}
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
ChangesEnvironment=yes
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\icons\magic-viewer.ico
UninstallDisplayIcon={app}\{#Program}
OutputDir=..\..\dist
OutputBaseFilename=magic-viewer-{#Version}-setup
Compression=lzma2/normal
SolidCompression=yes
WizardStyle=modern
#ifdef Signed
SignTool=magicsign
#endif

[Tasks]
Name: associate; Description: "Open .dcm, .nii and .magicmodel files with {#Name}"
Name: path; Description: "Add the command magic-viewer-cli to the PATH"; Flags: unchecked
Name: desktopicon; Description: "Put an icon on the desktop"; Flags: unchecked

[Files]
Source: "..\..\dist\magic-viewer\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{autoprograms}\{#Name}"; Filename: "{app}\{#Program}"
Name: "{autodesktop}\{#Name}"; Filename: "{app}\{#Program}"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\{#Id}"; ValueType: string; ValueData: "{#Name}"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\{#Id}\DefaultIcon"; ValueType: string; ValueData: "{app}\{#Program},0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\{#Id}\shell\open\command"; ValueType: string; ValueData: """{app}\{#Program}"" ""%1"""; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.dcm\OpenWithProgids"; ValueType: none; ValueName: "{#Id}"; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.nii\OpenWithProgids"; ValueType: none; ValueName: "{#Id}"; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.magicmodel\OpenWithProgids"; ValueType: none; ValueName: "{#Id}"; Flags: uninsdeletevalue; Tasks: associate
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NeedsPath

[Code]
function NeedsPath: Boolean;
var
  Path: String;
begin
  if not RegQueryStringValue(HKCU, 'Environment', 'Path', Path) then
    Path := '';
  Result := Pos(';' + ExpandConstant('{app}') + ';', ';' + Path + ';') = 0;
end;

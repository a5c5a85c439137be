#requires -Version 5.1
#requires -RunAsAdministrator
<#
.SYNOPSIS
    Checks on a real Windows what the suites of Consign check under Wine.

.DESCRIPTION
    Installs the agent and two releases of a product, one after the other, looks at each step and at the end removes
    the product. Use a machine that may be thrown away. Every check is one line: passed, FAILED or skipped, with the
    reason. The exit code is the number of checks that failed. Nothing of this script has been run by those who wrote
    it: they have Wine only.

.PARAMETER Agent
    The agent's package (consignee.msi), or a folder with consignee.exe, which is then registered as a service.

.PARAMETER Older
    The product's package in an older release.

.PARAMETER Newer
    The same in a newer one, which may follow the older one.

.PARAMETER Package
    The name of the package: acme-erp.

.PARAMETER Product
    The name of the product: acme/erp.

.PARAMETER Service
    A service of it: AcmeErp.

.PARAMETER Options
    Public properties for the first installation: OPTION_EDITION=pro.

.PARAMETER NewerAgent
    A newer package of the agent, which then takes the place of the one that runs.

.PARAMETER Report
    Where the results are written as JSON.

.EXAMPLE
    .\windows-check.ps1 -Agent consignee.msi -Older acme-erp-1.4.0-1.x64.msi -Newer acme-erp-1.5.0-1.x64.msi `
        -Package acme-erp -Product acme/erp -Service AcmeErp -Options OPTION_EDITION=pro
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $Agent,
    [Parameter(Mandatory = $true)] [string] $Older,
    [Parameter(Mandatory = $true)] [string] $Newer,
    [Parameter(Mandatory = $true)] [string] $Package,
    [Parameter(Mandatory = $true)] [string] $Product,
    [Parameter(Mandatory = $true)] [string] $Service,
    [string[]] $Options = @(),
    [string] $NewerAgent = '',
    [string] $Report = 'windows-check.json'
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Program = Join-Path $env:ProgramFiles 'Consignee\consignee.exe'
$Record = "HKLM:\Software\Consignee\Packages\$Package"
$State = Join-Path $env:ProgramData 'Consignee'
$Begun = Get-Date
$Results = New-Object System.Collections.ArrayList

# A check fails by throwing, and is skipped by throwing words that begin with "skipped: ".
function Check([string] $Name, [scriptblock] $Block) {
    $outcome = 'passed'
    $why = ''
    try {
        & $Block | Out-Null
    } catch {
        $why = $_.Exception.Message
        $outcome = if ($why.StartsWith('skipped: ')) { 'skipped' } else { 'FAILED' }
    }
    [void] $Results.Add([pscustomobject] @{ check = $Name; outcome = $outcome; why = $why })
    Write-Output ("{0,-8} {1} {2}" -f $outcome, $Name, $why)
}

function Assert([bool] $Holds, [string] $Words) {
    if (-not $Holds) { throw $Words }
}

function Wait-Until([int] $Seconds, [string] $Words, [scriptblock] $Holds) {
    $end = (Get-Date).AddSeconds($Seconds)
    while (-not (& $Holds)) {
        if ((Get-Date) -gt $end) { throw "after $Seconds s: $Words" }
        Start-Sleep -Milliseconds 500
    }
}

# msiexec is a program with a window: only Start-Process waits for it.
function Invoke-Installer([string[]] $Arguments) {
    $log = Join-Path $env:TEMP ("windows-check-{0}.log" -f ([guid]::NewGuid()))
    $all = $Arguments + @('/qn', '/norestart', 'REBOOT=ReallySuppress', '/l*v', "`"$log`"")
    $process = Start-Process -FilePath 'msiexec.exe' -ArgumentList $all -Wait -PassThru
    return $process.ExitCode
}

function Invoke-Agent([string[]] $Arguments) {
    # What a program writes to stderr is an error to PowerShell 5.
    $ErrorActionPreference = 'Continue'
    return & $Program @Arguments 2>&1 | Out-String
}

function Get-Status {
    $status = & $Program status --json | Out-String | ConvertFrom-Json
    Assert ($status.format -eq 1) "the format of the status is $($status.format)"
    return $status.products | Where-Object { $_.product -eq $Product }
}

function Get-Upgrades {
    $history = & $Program history $Product --json | Out-String | ConvertFrom-Json
    return $history.upgrades
}

function Get-Recorded { return (Get-ItemProperty -Path $Record).Version }

function Wait-Finished([string] $Version) {
    Wait-Until 600 "the agent has not finished $Version" {
        $newest = Get-Upgrades | Select-Object -First 1
        $null -ne $newest -and $newest.state -eq 'completed' -and $Version.StartsWith($newest.to)
    }
}

function Get-Entries([int] $Id) {
    $filter = @{ LogName = 'Application'; ProviderName = 'Consignee'; Id = $Id; StartTime = $Begun }
    return Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue
}

Check 'packages are signed for Windows' {
    foreach ($file in @($Older, $Newer)) {
        $found = Get-AuthenticodeSignature -FilePath $file
        if ($found.Status -eq 'NotSigned') { throw "skipped: $file is not signed for Windows" }
        # Of a certificate that only the vendor's hosts know Windows says UnknownError; a digest is right or wrong.
        Assert ($found.Status -ne 'HashMismatch') "$file was changed after it was signed"
    }
}

Check 'the agent is installed and runs as a service' {
    if (Test-Path -Path $Agent -PathType Container) {
        $folder = Split-Path -Path $Program
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
        Copy-Item -Path (Join-Path $Agent 'consignee.exe') -Destination $Program -Force
        New-Service -Name Consignee -BinaryPathName "`"$Program`" service" -StartupType Automatic | Out-Null
        & sc.exe failure Consignee reset= 86400 actions= restart/1000/restart/1000/restart/1000
        & sc.exe failureflag Consignee 1
        Start-Service -Name Consignee
    } else {
        $code = Invoke-Installer @('/i', "`"$Agent`"")
        Assert ($code -in 0, 3010) "msiexec ended with $code"
    }
    Wait-Until 60 'it does not run' { (Get-Service -Name Consignee).Status -eq 'Running' }
    Assert ((Get-CimInstance Win32_Service -Filter "Name='Consignee'").StartName -eq 'LocalSystem') 'not as the system'
}

Check 'the pipe is the agent''s, and only administrators may open it' {
    $pipes = [System.IO.Directory]::GetFiles('\\.\pipe\')
    Assert ($pipes -contains '\\.\pipe\consignee') 'there is no pipe'
    Assert ((Invoke-Agent @('doctor')) -notmatch 'sc start Consignee') 'doctor cannot ask the service'
}

Check 'a program that does not know PowerShell speaks to it' {
    $status = & $Program status --json | Out-String | ConvertFrom-Json
    Assert ($status.format -eq 1 -and $null -ne $status.standing) 'the status is not what it was'
}

Check 'an installation keeps the options of the site' {
    $code = Invoke-Installer (@('/i', "`"$Older`"") + $Options)
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    foreach ($option in $Options) {
        $name, $value = $option -split '=', 2
        $kept = Get-ItemProperty -Path "$Record\Options"
        $found = $kept.PSObject.Properties | Where-Object { $_.Value -eq $value }
        Assert ($null -ne $found) "$name is not kept"
    }
}

Check 'an option that is not allowed is refused before anything happens' {
    if ($Options.Count -eq 0) { throw 'skipped: no option was given' }
    $name = ($Options[0] -split '=', 2)[0]
    $before = Get-Recorded
    $code = Invoke-Installer @('/i', "`"$Newer`"", "$name=no-such-value")
    Assert ($code -ne 0) 'it was accepted'
    Assert ((Get-Recorded) -eq $before) 'something was installed'
}

Check 'the agent finishes the installation once, and starts the service' {
    Wait-Finished (Get-Recorded)
    Wait-Until 60 "$Service does not run" { (Get-Service -Name $Service).Status -eq 'Running' }
    $count = @(Get-Upgrades).Count
    Restart-Service -Name Consignee
    Start-Sleep -Seconds 5
    Assert (@(Get-Upgrades).Count -eq $count) 'it was begun once more'
}

Check 'the Event Log has it, with a sentence' {
    $entries = @(Get-Entries 1)
    Assert ($entries.Count -gt 0) 'there is no entry 1 of the source Consignee'
    # Without the sentences Windows says that it cannot find their description.
    Assert ($entries[0].Message -match 'The agent|L''agent') "it says: $($entries[0].Message)"
}

Check 'a folder where an account cannot write any more is found' {
    $data = (Get-ItemProperty -Path $Record).DataFolder
    if (-not $data -or -not (Test-Path $data)) { throw 'skipped: the product has no folder of data' }
    $status = Get-Status
    if ($null -eq $status -or @($status.offers).Count -eq 0) { throw 'skipped: nothing is offered, so that nothing is gated' }
    $lists = @{}
    $folders = @($data) + @(Get-ChildItem -Path $data -Directory -Recurse | ForEach-Object { $_.FullName })
    foreach ($folder in $folders) { $lists[$folder] = Get-Acl -Path $folder }
    try {
        foreach ($folder in $folders) { & icacls.exe $folder /deny '*S-1-5-6:(OI)(CI)(W)' | Out-Null }
        Invoke-Agent @('hook', 'look') | Out-Null
        Assert ((Invoke-Agent @('why', $Product, '--json')) -match 'not-writable') 'nothing was found'
    } finally {
        foreach ($folder in $folders) { Set-Acl -Path $folder -AclObject $lists[$folder] }
    }
}

Check 'what the site has changed of a service stays through an upgrade' {
    & sc.exe config $Service start= delayed-auto | Out-Null
    $before = Get-CimInstance Win32_Service -Filter "Name='$Service'"
    $actions = & sc.exe qfailure $Service | Out-String
    $code = Invoke-Installer @('/i', "`"$Newer`"")
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    Wait-Finished (Get-Recorded)
    $after = Get-CimInstance Win32_Service -Filter "Name='$Service'"
    Assert ($after.StartName -eq $before.StartName) "it runs as $($after.StartName)"
    Assert ($after.DelayedAutoStart) 'it does not start delayed any more'
    Assert ((& sc.exe qfailure $Service | Out-String) -eq $actions) 'other recovery actions'
}

Check 'an older package is blocked' {
    $before = Get-Recorded
    $code = Invoke-Installer @('/i', "`"$Older`"")
    Assert ($code -ne 0) 'it was installed'
    Assert ((Get-Recorded) -eq $before) 'another version is on record'
}

Check 'a file in use: nothing claims to be newer than it is, and its holder is named' {
    $folder = (Get-ItemProperty -Path $Record).InstallFolder
    $file = Get-ChildItem -Path $folder -File -Recurse | Sort-Object Length | Select-Object -First 1
    $held = [System.IO.File]::Open($file.FullName, 'Open', 'Read', 'None')
    try {
        $text = Invoke-Agent @('why', $Product)
        if ($text -match 'nothing|rien') { throw 'skipped: nothing is offered, so that nothing is gated' }
        Assert ($text -match [regex]::Escape("($PID")) 'the holder is not named'
    } finally {
        $held.Close()
    }
}

Check 'an agent that is killed in the middle goes on' {
    $code = Invoke-Installer @('/x', "`"$Newer`"")
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    $code = Invoke-Installer @('/i', "`"$Older`"")
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    Wait-Finished (Get-Recorded)
    $code = Invoke-Installer @('/i', "`"$Newer`"")
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    $id = (Get-CimInstance Win32_Service -Filter "Name='Consignee'").ProcessId
    Stop-Process -Id $id -Force
    Wait-Until 120 'nobody has started it again' { (Get-Service -Name Consignee).Status -eq 'Running' }
    Wait-Finished (Get-Recorded)
    Wait-Until 60 "$Service does not run" { (Get-Service -Name $Service).Status -eq 'Running' }
    $mine = @(Get-Upgrades | Where-Object { (Get-Recorded).StartsWith($_.to) -and $_.state -eq 'completed' })
    Assert ($mine.Count -ge 1) 'it was not finished'
}

# The status of an answer, whatever it is.
function Get-Page([string] $Path, [hashtable] $Headers = @{}) {
    try {
        $uri = "http://localhost:8080$Path"
        $answer = Invoke-WebRequest -Uri $uri -Headers $Headers -UseBasicParsing -TimeoutSec 10 -MaximumRedirection 0
        return [int] $answer.StatusCode
    } catch {
        if ($null -eq $_.Exception.Response) { throw }
        return [int] $_.Exception.Response.StatusCode
    }
}

Check 'the page answers on this host, and shows a stranger nothing' {
    Invoke-Agent @('page', '--on') | Out-Null
    try {
        Wait-Until 60 'nobody answers' { try { (Get-Page '/consignee/login') -eq 200 } catch { $false } }
        Assert ((Get-Page '/consignee/') -eq 403) 'whoever has no session sees it'
        Assert ((Get-Page '/consignee/login' @{ Host = 'evil.example' }) -eq 421) 'it answers to any name'
        $listening = Get-NetTCPConnection -LocalPort 8080 -State Listen
        $open = @($listening | Where-Object { $_.LocalAddress -notin '127.0.0.1', '::1' })
        Assert ($open.Count -eq 0) 'others of the network can reach it'
    } finally {
        Invoke-Agent @('page', '--off') | Out-Null
    }
}

Check 'one readable file says what is known' {
    $file = Join-Path $State 'status.json'
    if (-not (Test-Path $file)) { throw 'skipped: no repository is configured, so nothing is looked for' }
    $known = Get-Content -Raw -Path $file | ConvertFrom-Json
    Assert ($known.format -eq 1) "its format is $($known.format)"
    $line = $known.products | Where-Object { $_.product -eq $Product }
    Assert ((Get-Recorded).StartsWith($line.installed)) "it says that $($line.installed) is installed"
    Assert ($null -ne $known.agent.installed) 'it says nothing of the agent'
}

Check 'a newer agent takes the place of the one that runs' {
    if (-not $NewerAgent) { throw 'skipped: no newer agent was given' }
    $before = Get-FileHash -Path $Program
    $code = Invoke-Installer @('/i', "`"$NewerAgent`"")
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    Wait-Until 60 'it does not run' { (Get-Service -Name Consignee).Status -eq 'Running' }
    Assert ((Get-FileHash -Path $Program).Hash -ne $before.Hash) 'the program is still the old one'
    Assert ($code -eq 0) 'it wants a restart: the process of the stopped service was still there'
}

Check 'the idle service takes less than 15 MiB' {
    Restart-Service -Name Consignee
    Start-Sleep -Seconds 90
    $id = (Get-CimInstance Win32_Service -Filter "Name='Consignee'").ProcessId
    $private = (Get-Process -Id $id).PrivateMemorySize64 / 1048576
    Assert ($private -lt 15) ("{0:N1} MiB" -f $private)
}

Check 'a removal leaves the data and nothing else' {
    $found = Get-ItemProperty -Path $Record
    $code = Invoke-Installer @('/x', $found.ProductCode)
    Assert ($code -in 0, 3010) "msiexec ended with $code"
    Assert (-not (Test-Path $Record)) 'the package is still on record'
    Assert ($null -eq (Get-Service -Name $Service -ErrorAction SilentlyContinue)) "$Service is still registered"
    Assert (-not $found.DataFolder -or (Test-Path $found.DataFolder)) 'the data is gone'
    Assert (Test-Path $State) 'the journals are gone'
}

$Results | ConvertTo-Json | Set-Content -Path $Report -Encoding UTF8
$failed = @($Results | Where-Object { $_.outcome -eq 'FAILED' }).Count
Write-Output "$failed failed; the results are in $Report"
exit $failed
